/** Average precision of a detector over pictures with boxes. Joins the stages data, simulate and detect. */
import type { DetectionSample } from '../data/detection-folder.js';
import { type ClassPrecision, classPrecisions, type PictureResult } from '../detect/average-precision.js';
import type { Detection } from '../detect/boxes.js';
import { COCO_90_LABELS } from '../detect/coco-classes.js';
import { decodeSsd } from '../detect/ssd.js';
import { decodeYolo } from '../detect/yolo.js';
import type { DeployPlan, PlanTensor } from '../ir/deploy-plan.js';
import type { PostProcess } from '../ir/detection.js';
import { blobBytes, tensorOf, unpackActivation } from '../ops/plan-access.js';
import { unsupported } from '../support/errors.js';
import { type RunOptions, runSamples } from './evaluate.js';

export interface DetectionOptions extends RunOptions {
  readonly samples: readonly DetectionSample[];
}

export interface DetectionResult {
  /** Pictures; fewer than the samples when interrupted. */
  readonly n: number;
  /** Classes that the network knows and the pictures show. */
  readonly classes: readonly ClassPrecision[];
}

export async function evaluateDetections(options: DetectionOptions): Promise<DetectionResult> {
  const decode = detector(options);
  const pictures = await runSamples(
    options,
    options.samples,
    ({ boxes }, outputs): PictureResult => ({ labels: boxes, detections: decode(outputs) }),
  );
  const known = knownLabels(options);
  const classes = classPrecisions(pictures).filter(({ classId }) => known(classId));
  return { n: pictures.length, classes };
}

/** What turns the output bytes of a run into detections in the data set's classes. */
export function detector({
  plan,
  recipe,
}: Pick<RunOptions, 'plan' | 'recipe'>): (outputs: readonly Uint8Array[]) => Detection[] {
  const postProcess = postProcessOf(plan, recipe.detection);
  const labelOf = labelsOf(postProcess, recipe.detectionLabels);
  return (outputs) =>
    decodeOutputs(plan, postProcess, outputs).flatMap((detection) => {
      const classId = labelOf(detection.classId);
      return classId < 0 ? [] : [{ ...detection, classId }];
    });
}

function postProcessOf(plan: DeployPlan, recipe: PostProcess | undefined): PostProcess {
  if (recipe !== undefined) {
    if (recipe.kind !== 'yolo' || recipe.heads.length === plan.outputs.length) return recipe;
    throw unsupported(
      'simulate/detector',
      'the recipe has another number of heads than the network outputs',
      {
        where: plan.name,
        found: `${recipe.heads.length} heads`,
        expected: `${plan.outputs.length}`,
      },
    );
  }
  if (plan.postProcess !== undefined) {
    const bytes = blobBytes(plan, plan.postProcess.anchors).slice();
    return { ...plan.postProcess, anchors: new Float32Array(bytes.buffer) };
  }
  throw unsupported('simulate/detector', 'nothing says how the outputs become boxes', {
    where: plan.name,
    fix: 'Give a recipe with "detection" by --recipe, or --preset yolov3.',
  });
}

/** Without a list, COCO's 90 classes with gaps count as its 80; any other network's classes are the data set's. */
function labelsOf(
  postProcess: PostProcess,
  listed: readonly number[] | undefined,
): (classId: number) => number {
  const isCoco = postProcess.kind === 'ssd' && postProcess.classes === COCO_90_LABELS.length;
  const labels = listed ?? (isCoco ? COCO_90_LABELS : undefined);
  return (classId) => (labels === undefined ? classId : (labels[classId] ?? -1));
}

function knownLabels({ plan, recipe }: RunOptions): (label: number) => boolean {
  const postProcess = postProcessOf(plan, recipe.detection);
  const count = postProcess.kind === 'ssd' ? postProcess.classes : yoloClasses(plan, postProcess.heads[0]!);
  const labelOf = labelsOf(postProcess, recipe.detectionLabels);
  const known = new Set(Array.from({ length: count }, (_, classId) => labelOf(classId)));
  return (label) => known.has(label);
}

const yoloClasses = (plan: DeployPlan, head: { readonly anchors: readonly unknown[] }): number =>
  tensorOf(plan, plan.outputs[0]!.tensor).shape[2] / head.anchors.length - 5;

function decodeOutputs(
  plan: DeployPlan,
  postProcess: PostProcess,
  outputs: readonly Uint8Array[],
): Detection[] {
  const tensors = plan.outputs.map((port) => tensorOf(plan, port.tensor));
  const values = tensors.map((tensor, i) => realValues(tensor, outputs[i]!));
  if (postProcess.kind === 'ssd') return decodeSsd(postProcess, values[0]!, values[1]!);
  const heads = tensors.map(({ shape }, i) => ({ rows: shape[0], columns: shape[1], values: values[i]! }));
  return decodeYolo(postProcess, heads);
}

const realValues = (tensor: PlanTensor, bytes: Uint8Array): Float32Array =>
  Float32Array.from(unpackActivation(tensor, bytes), (q) => (q - tensor.zeroPoint) * tensor.scale);

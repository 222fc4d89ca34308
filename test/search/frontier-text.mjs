/** src/search/FRONTIER.md: BitOPs against points lost, method by method, and what each needs for a given loss. */
import { likeCostSection } from './like-cost.mjs';
import { bitopsAtLoss, cheapestPlan, curveOf, noiseCurveOf, sqnrAtLoss } from './loss-curve.mjs';
import { COMPARED_DROPS, NETWORKS } from './table-cases.mjs';

export const FRONTIER_COLUMNS = [
  ...['network', 'case', 'share', 'bitops', 'arena_bytes', 'within_limits', 'images', 'seeds', 'points_lost'],
  ...['half_width_95', 'points_by_seed', 'agreement', 'score_sqnr_db', 'held_out_sqnr_db'],
  ...['activation_widths', 'weight_widths', 'seconds', 'code'],
];

/** Where every row starts. */
const INT8 = 'int8';

/**
 * `refined`: further plans, by rule and under corrected figures, the quietest kept. The nearest rival has them too.
 * `noise`: where the noise figures come from, where it is not the float network. `brief`: far behind the others, so that one
 * seed tells. `isFixed`: one plan, whatever the share.
 */
export const FRONTIER_CASES = [
  ['VDQS refined', { method: 'vdqs', refined: true }],
  ['VDQS plan noise refined', { method: 'vdqs', noise: 'plans', refined: true }],
  ['VDQS plan noise', { method: 'vdqs', noise: 'plans' }],
  ['VDQS', { method: 'vdqs' }],
  ['integer program', { method: 'integer-program' }],
  ['greedy', { method: 'greedy' }],
  ['memory-driven', { method: 'memory-driven', brief: true }],
  ['evolutionary', { method: 'evolutionary', brief: true }],
  ['integer program refined', { method: 'integer-program', refined: true }],
  ['integer program plan noise', { method: 'integer-program', noise: 'plans' }],
  [INT8, { method: 'uniform-a8w8', isFixed: true }],
  ['uniform a4w8', { method: 'uniform-a4w8', isFixed: true }],
  ['uniform a8w4', { method: 'uniform-a8w4', isFixed: true }],
  ['uniform a4w4', { method: 'uniform-a4w4', isFixed: true }],
];

export const sharesOf = ({ frontier: [first, last], stepsPerHalf }) =>
  Array.from({ length: last - first + 1 }, (_, i) => 2 ** (-(first + i) / stepsPerHalf));

export const sharesOfCase = ([, { isFixed }], definition) => (isFixed ? [1] : sharesOf(definition));

/** Shares in which the cost halves, network by network. */
const steps = () =>
  Object.entries(NETWORKS)
    .map(([name, { stepsPerHalf }]) => `${stepsPerHalf} of ${name}`)
    .join(', ');

/** Fewer where a plan takes longer to measure. */
const measurements = () =>
  Object.entries(NETWORKS)
    .map(([name, { quieter }]) => `${quieter} of ${name}`)
    .join(', ');

const HEAD = `# BitOPs against points lost, method by method

Written by \`npm run table:frontier\` from the figures in frontier.csv; do not edit. Every method is asked for the least
noise within shares of the BitOPs of 8 bits, so many to a halving (${steps()}),
under the network's SRAM limit, streaming, weights searched. The shares span losses from about none to beyond five points.
Widths come from calibration images alone; points lost are read on the test images and choose no plan. "VDQS refined" measures further plans of each share on
calibration images held out (${measurements()}):
the widths that greedy finds and uniform ones of not too different a cost, then its own by noise figures that the plans
before have corrected, then neighbours of the best, then the best once more with other seeds; it keeps the one within the
limits with least noise for its cost. So it has greedy's plan and a uniform one among its own, and its verdicts are of the
whole procedure; methods are compared by one plan each. The others quantise one plan; where a column says so, the integer program,
a near rival, is refined in the same way.

Noise figures are of one narrow width in the float network, or, where a column says "plan noise", of plans: every narrow width
on its own with 8 bits elsewhere, quantised as it ships and measured on calibration images held out (\`search --noise plans\`;
two plans for every feature map and every layer's weights, once for all shares). The integer program has them too, to tell
what the figures are worth from what the search is.
Sampling methods look at 500 candidates. Numbers and widths of the refinement were not fitted to test images, but these
showed first that uniform widths are worth a plan (MCUNet), that some networks' plans have to be measured more than once
(VWW), that greedy leaves cost that buys little (ResNet-8), where rows had to start (MCUNet) and end, and that straight
lines between eight shares to a halving decide verdicts: all networks had eight at first, by which the best of VDQS needed
no more than any rival of one plan on 5, 4 and 4 of them at 1, 3 and 5 points by the SQNR, on 3, 4 and 3 by the loss and on 4, 4
and 4 by single plans. ResNet-8 and VWW, which had lost some of these, and MobileNetV1 have sixteen since; MCUNet and
MobileNetV2 were left, for their hours.

How a plan rounds depends on what the quantiser samples: of the same widths one seed may lose 1.4 points and another 6 (VWW
at a share of 0.149, 20 seeds, standard deviation 1.1; measured once by hand, no command repeats it). So what widths lose is
the mean over plans of several seeds (column \`seeds\`, each in \`points_by_seed\`), none of which a search measures under:
a plan that was chosen for its luck there does not have it here.
Their SQNR is of the mean noise; ± is the mean of the plans' 95 % intervals, which speak of images, not of seeds. The two
methods that are far behind and MobileNetV2 are read by one seed, that of the search.

Even so a loss is known to within points only, so what a method needs for a loss is read off its whole row: points lost are
made to grow as BitOPs fall (isotonic least squares, from int8 streaming on), with straight lines between plans over log
BitOPs. Uniform widths are no row: each counts where it lost so little itself, which luck may help. ≤ : the row ends before
it loses so much; – : even its first plan loses more, or none fits. Readings of different methods that are a few per cent
apart are not told apart by so few images.

The SQNR of a plan's scores is known far better than its loss. So the loss is also read as a function of the SQNR over the
plans within the limits of all methods, each once, again isotonic, and what a method needs for that SQNR off its row, of
uniform widths where they have it. This takes plans of one SQNR to lose as much, whichever method they are of; the SQNR
itself comes from losses that are known to within points. – : the quietest plans lose more on the mean of such neighbours.

Verdicts compare readings: the best form of VDQS with every rival that quantises one plan, then one plan each, then
also rivals of more plans, refined or by plan noise. Where VDQS was not measured by plan noise it is left out in
that form. "Single plans" takes the cheapest plan that lost no more in place of the reading, lucky ones as well;
unlike the reading it gives no method credit for plans between two of its own, which there need not be.
"Open" where a row that ends too early decides, or where rows are missing.
`;

const million = (bitops, digits = 0) => (bitops / 1e6).toFixed(digits);
const isOwn = (name) => name.startsWith('VDQS');
const isRefined = (name) => name.endsWith('refined');

const planOf = (row) => ({
  ...{ bitops: Number(row.bitops), loss: Number(row.points_lost), sqnrDb: Number(row.score_sqnr_db) },
});

/** A method's plans within the limits after int8 streaming; none where it has none of its own. */
function plansOf(rows, int8) {
  const own = rows.filter((row) => row.within_limits === 'true').map(planOf);
  return own.length === 0 ? [] : [int8, ...own];
}

/** @param needs of every method asked: its name and reading */
function verdict(needs) {
  const cheapest = (wanted) =>
    needs
      .filter(([name, need]) => need !== undefined && isOwn(name) === wanted)
      .map(([, need]) => need)
      .sort((a, b) => a.bitops - b.bitops)[0];
  const [own, rival] = [cheapest(true), cheapest(false)];
  if (own === undefined && rival === undefined) return '–';
  const digits = own && rival && million(own.bitops) === million(rival.bitops) ? 1 : 0;
  const text = (need) => (need ? `${need.atMost ? '≤ ' : ''}${million(need.bitops, digits)}` : '–');
  const isLess = rival === undefined || (own !== undefined && own.bitops <= rival.bitops);
  const rivalMayNeedLess = needs.some(([name, need]) => !isOwn(name) && need?.atMost);
  const ownMayNeedLess = needs.some(([name, need]) => isOwn(name) && need?.atMost);
  const isOpen = isLess ? rivalMayNeedLess : ownMayNeedLess;
  return `${isOpen ? 'open' : isLess ? 'yes' : 'no'} (${text(own)}; rivals ${text(rival)})`;
}

/** Methods with a row of plans, and those of one plan alone. */
function methodsOf(rows, int8, definition) {
  return FRONTIER_CASES.filter(([name]) => name !== INT8).map((entry) => {
    const [name, { isFixed = false }] = entry;
    const own = rows.filter((row) => row.case === name);
    const isComplete = sharesOfCase(entry, definition).every((share) =>
      own.some((row) => row.share === share.toFixed(4)),
    );
    const plans = plansOf(own, int8);
    return isFixed
      ? { name, own, isComplete, isFixed, read: cheapestPlan, plans: plans.slice(1) }
      : { name, own, isComplete, isFixed, read: bitopsAtLoss, plans };
  });
}

function plansTable(methods, shares) {
  const rows = methods.filter(({ own, isFixed }) => own.length > 0 && !isFixed);
  const cell = ({ own }, share) => {
    const row = own.find((plan) => plan.share === share.toFixed(4));
    if (row === undefined) return '–';
    if (row.within_limits !== 'true') return 'none';
    return `${million(row.bitops)}: ${row.points_lost} ± ${row.half_width_95}, ${row.score_sqnr_db} dB`;
  };
  return [
    `| share of 8 bits | ${rows.map(({ name }) => name).join(' | ')} |`,
    `|${'---|'.repeat(rows.length + 1)}`,
    ...shares.map((share) => `| ${share.toFixed(3)} | ${rows.map((row) => cell(row, share)).join(' | ')} |`),
  ].join('\n');
}

const BY_PLAN_NOISE = FRONTIER_CASES.filter(([, { noise }]) => noise).map(([name]) => name);
/** Of them more plans are quantised than the one of each share. */
const MORE_PLANS = FRONTIER_CASES.filter(([, { refined, noise }]) => refined || noise).map(([name]) => name);
const onePlanEach = (name) => !MORE_PLANS.includes(name);
const best = (name) => isOwn(name) || onePlanEach(name);
const VERDICTS = [
  ['VDQS needs no more than any rival', best],
  ['the same, one plan each', onePlanEach],
  ['the same, rivals of more plans too', () => true],
];

/** @param read what a method needs for the loss of this place in COMPARED_DROPS */
function verdictRow([name, isAsked], methods, read) {
  // VDQS by plan noise, where no share of it was measured, does nothing for VDQS.
  const isLeftOut = ({ name, own }) => own.length === 0 && isOwn(name) && BY_PLAN_NOISE.includes(name);
  const asked = methods.filter((method) => isAsked(method.name) && !isLeftOut(method));
  const missing = asked.filter(({ isComplete }) => !isComplete).length;
  const said = COMPARED_DROPS.map((_, i) =>
    missing > 0
      ? `open (${missing} not measured whole)`
      : verdict(asked.map((method) => [method.name, read(method, i)])),
  );
  return `| **${name}** | ${said.join(' | ')} |`;
}

function readingsTable(methods, read, more = []) {
  const line = (method) => {
    const cells = COMPARED_DROPS.map((_, i) => {
      const need = read(method, i);
      return need === undefined ? '–' : `${need.atMost ? '≤ ' : ''}${million(need.bitops)}`;
    });
    const name = method.isComplete ? method.name : `${method.name} (not every share)`;
    return `| ${[name, ...cells].join(' | ')} |`;
  };
  return [
    `| method | ${COMPARED_DROPS.join(' | ')} |`,
    `|${'---|'.repeat(COMPARED_DROPS.length + 1)}`,
    ...methods.filter(({ own }) => own.length > 0).map(line),
    ...VERDICTS.map((row) => verdictRow(row, methods, read)),
    ...more,
  ].join('\n');
}

/** What a method needs for the loss itself. */
function byLoss(methods) {
  const read = (method, i) => method.read(curveOf(method.plans), COMPARED_DROPS[i]);
  const single = (method, i) => cheapestPlan(curveOf(method.plans), COMPARED_DROPS[i]);
  return [
    'MBitOPs at a loss of so many points:',
    readingsTable(methods, read, [verdictRow(['the same, single plans', best], methods, single)]),
  ];
}

/** What a method needs for the signal-to-noise ratio that goes with the loss. */
function bySqnr(methods) {
  const all = methods.flatMap(({ plans }) => plans);
  const wanted = COMPARED_DROPS.map((most) => sqnrAtLoss(all, most));
  const texts = wanted.map((at) => (at ? `${at.atMost ? '≤ ' : ''}${at.sqnrDb.toFixed(1)}` : '–'));
  const read = ({ read: how, plans }, i) => {
    const need = wanted[i] && how(noiseCurveOf(plans), -wanted[i].sqnrDb);
    return need && { ...need, atMost: need.atMost || wanted[i].atMost };
  };
  return [
    `MBitOPs at the SQNR of the scores that goes with it over the plans of all methods (${texts.join(', ')} dB):`,
    readingsTable(methods, read),
  ];
}

function networkSection(network, rows) {
  const baseline = rows.find((row) => row.case === INT8);
  if (baseline === undefined) return `## ${network}\n\nint8 was not measured.`;
  const int8 = planOf(baseline);
  const methods = methodsOf(rows, int8, NETWORKS[network]);
  return [
    `## ${network}`,
    `${baseline.images} test images; int8 ${million(int8.bitops)} MBitOPs, ${int8.loss.toFixed(2)} points lost. MBitOPs: points lost, SQNR of the scores:`,
    plansTable(methods, sharesOf(NETWORKS[network])),
    ...byLoss(methods),
    ...bySqnr(methods),
  ].join('\n\n');
}

const meanOf = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/** Of each refined row beside the same method's one plan of the same share. */
function refiningSection(rows) {
  const isWithin = (row) => row?.within_limits === 'true';
  const lines = FRONTIER_CASES.filter(([name]) => isRefined(name)).flatMap(([name]) => {
    const plain = name.replace(/ refined$/, '');
    const gainsOf = (network) =>
      rows
        .filter((row) => row.case === name && row.network === network)
        .map((row) => {
          const isPair = (other) =>
            other.case === plain && other.network === network && other.share === row.share;
          return [row, rows.find(isPair)];
        })
        .filter((pair) => pair.every(isWithin))
        .map(([row, pair]) => Number(row.score_sqnr_db) - Number(pair.score_sqnr_db));
    const own = Object.keys(NETWORKS)
      .map((network) => ({ network, gains: gainsOf(network) }))
      .filter(({ gains }) => gains.length > 0)
      .map(({ network, gains }) => ({ network, gains, mean: meanOf(gains) }));
    // Every network counts alike, however many shares it has.
    const all = {
      ...{ network: `mean of ${own.length}`, gains: own.flatMap(({ gains }) => gains) },
      mean: meanOf(own.map(({ mean }) => mean)),
    };
    return (own.length > 0 ? [...own, all] : []).map(({ network, gains, mean }) => {
      const cells = [mean, Math.min(...gains), Math.max(...gains)].map((gain) => gain.toFixed(2));
      return `| ${[plain, network, gains.length, ...cells].join(' | ')} |`;
    });
  });
  const head = '| method | network | shares | mean dB | least | most |\n|---|---|---|---|---|---|';
  return [
    '## What refining is worth',
    'SQNR of the scores of the refined plan beyond that of the one plan, share by share, and the mean of the networks that were measured:',
    [head, ...lines].join('\n'),
  ].join('\n\n');
}

export function renderFrontier(rows) {
  const of = (network) => rows.filter((row) => row.network === network);
  const sections = Object.keys(NETWORKS)
    .filter((network) => of(network).length > 0)
    .map((network) => networkSection(network, of(network)));
  const near = FRONTIER_CASES.filter(([, { brief, isFixed }]) => !brief && !isFixed).map(([name]) => name);
  const likeCost = rows.filter((row) => near.includes(row.case) && row.within_limits === 'true');
  return `${HEAD}\n${[...sections, likeCostSection(likeCost), refiningSection(rows)].join('\n\n')}\n`;
}

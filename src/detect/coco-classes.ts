/** COCO numbers its 80 classes 1…90 with gaps; data sets in YOLO's form count them 0…79 in the same order. */

/** Ids of the original numbering that no class has. */
const GAPS: readonly number[] = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83];
const LAST_ID = 90;

/** Class of a network with COCO's 90 outputs (class c is id c + 1) → 0…79, or −1 for a gap. */
export const COCO_90_LABELS: readonly number[] = Array.from({ length: LAST_ID }, (_, classId) => {
  const id = classId + 1;
  return GAPS.includes(id) ? -1 : classId - GAPS.filter((gap) => gap < id).length;
});

/** Renders src/search/TABLE.md from the rows of table.csv. */
import { COMPARED_DROPS, NETWORKS, RIVALS, TIMED_DROPS } from './table-cases.mjs';

const HEAD = `# Search methods side by side

Written by \`npm run table:search\` from the figures in table.csv; do not edit. Widths are chosen on calibration images
alone, under one SRAM limit per network and one bound of accuracy (ResNet-8, the VWW networks: one point of top-1; the
MobileNets: an agreement of 80 and 90 %), held by plans that are quantised on half of the calibration images and judged
on the other half; lost points and agreement are read on the test images, with 95 % confidence intervals (paired for
lost points). BitOPs count halos; "× patches" is int8 in the cheapest patches that fit over this row, "× layers" int8
layer by layer over this row. Cycles are those of the emulated cores without flash stalls. Predictions come first: SQNR
of the scores as the sum of single noises; drop and agreement on calibration images. Every search may
quantise four plans on the way to its bound (three of MobileNetV2), one that is "squeezed" up to eighteen more:
cheaper bounds of cost, then widths narrowed.
Sampling methods look at 500 candidates per bound of cost. "search" is the time from figures
to widths, "plan" the quantiser's, held-out plans included (those that an earlier row tried are known already), on a
loaded machine; \`npm run bench:search\` has the time of whole searches. Every plan is quantised
under one seed: what its widths lose on the mean of several is in FRONTIER.md. Rows with cycles say at which commit they
were measured where that differs within a network; without table.csv all of it is measured anew.
`;

const COMPARISON = `Fewest MBitOPs whose drop on held-out calibration images keeps the bound (in brackets points lost on the test images).
Uniform widths count where their own drop keeps it; – where a method finds no such plan. VDQS counts in every form that
stands here, squeezed too, which quantises more plans than the rivals may. Two lines read the points lost on the test
images: of plans that were chosen for the bound, those that keep it there as well; and any row above, of which VDQS has
more than any rival.`;
const RIVALS_SQUEEZED = 'The last line grants the nearest rivals as many plans as VDQS.';

const CYCLES = `Quickest VDQS plan by the points lost on the test images, against int8 in patches: on our own kernels (the same
ones, where no commits stand beside the rows above), and at CMSIS-NN's published cycles per MAC (convolutions and fully connected layers of the patched plan, each by the published shape nearest
to it; other operators count nothing there). – : of the plans that were run, none lost so little.`;

const isKnown = (text) => text !== undefined && text !== '';
const kib = (bytes) => (isKnown(bytes) ? (Number(bytes) / 1024).toFixed(1) : '–');
const millions = (count) => (isKnown(count) ? (Number(count) / 1e6).toFixed(1) : '–');

function line(row, mark) {
  const cells = [
    row.case.replace(/;/g, ',') + (mark === '' ? '' : ` (${mark})`),
    row.within_limits === 'true' ? 'yes' : 'no',
    (Number(row.bitops) / 1e6).toFixed(0),
    row.fewer_than_int8_patches,
    row.fewer_than_int8_layers,
    kib(row.arena_bytes),
    kib(row.peak_sram_bytes),
    millions(row.cycles_m4),
    millions(row.cycles_m7),
    row.top1,
    `${row.points_lost} ± ${row.half_width_95}`,
    `${row.agreement} ± ${row.agreement_half_width_95}`,
    `${row.score_sqnr_db} (${row.predicted_sqnr_db})`,
    `${row.predicted_drop} / ${row.predicted_agreement || '–'}`,
    row.search_seconds,
    row.plan_seconds,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** A method's cheapest row under each bound, if any: of a search its own row, of uniform widths the same one. */
function rowsByDrop(network, rows) {
  const { goal } = NETWORKS[network];
  const methods = new Map();
  for (const points of COMPARED_DROPS) {
    const suffix = goal.kind === 'drop' && goal.points === points ? '' : `; drop ${points}`;
    for (const row of rows) {
      const isUniform = row.case.startsWith('uniform');
      const name = isUniform ? row.case : row.case.slice(0, row.case.length - suffix.length);
      if (isUniform || (row.case === `${name}${suffix}` && name.endsWith('searched; streaming'))) {
        const keeps = row.within_limits === 'true' && (!isUniform || Number(row.predicted_drop) <= points);
        const found = methods.get(name) ?? {};
        methods.set(name, { ...found, [points]: keeps ? row : null });
      }
    }
  }
  return methods;
}

/** The cheapest row that really lost no more, of VDQS in any form against every other method and uniform widths. */
function verdictOnTest(rows, points) {
  const keeps = rows.filter((row) => Number(row.points_lost) <= points && row.within_limits === 'true');
  const least = (wanted) =>
    Math.min(
      ...keeps
        .filter((row) => row.case.includes('VDQS') === wanted && !row.case.startsWith('int8'))
        .map((row) => Number(row.bitops)),
    );
  return compared(least(true), least(false));
}

function compared(own, rival, missing = 0) {
  const rounded = (bitops, digits) => (Number.isFinite(bitops) ? (bitops / 1e6).toFixed(digits) : '–');
  // Digits enough to see which is less.
  const digits = own !== rival && rounded(own, 0) === rounded(rival, 0) ? 2 : 0;
  const text = (bitops) => rounded(bitops, digits);
  const verdict = Number.isFinite(own) ? (own <= rival ? 'yes' : 'no') : Number.isFinite(rival) ? 'no' : '–';
  const incomplete = missing === 0 ? '' : `, ${missing} of them not measured`;
  return `${verdict} (${text(own)}; rivals ${text(rival)}${incomplete})`;
}

const isSqueezedRival = (name) => !name.startsWith('VDQS') && name.includes('squeezed');

function comparison(network, rows) {
  const methods = rowsByDrop(network, rows);
  const bitopsOf = (entry, points) => (entry?.[points] ? Number(entry[points].bitops) : Infinity);
  // A bound counts once a rival was measured under it.
  const complete = COMPARED_DROPS.filter((points) =>
    RIVALS.some((name) => methods.get(name)?.[points] !== undefined),
  );
  if (complete.length === 0) return [];
  const cell = (entry, points) => {
    if (entry[points] === undefined) return 'not measured';
    return entry[points] === null
      ? '–'
      : `${(Number(entry[points].bitops) / 1e6).toFixed(0)} (${entry[points].points_lost})`;
  };
  const names = [...methods.keys()];
  const all = () => true;
  const verdicts = (counts, isAsked = (name) => !isSqueezedRival(name)) =>
    complete.map((points) => {
      const asked = names.filter(isAsked);
      const least = (wanted) =>
        Math.min(
          ...asked
            .filter((n) => n.startsWith('VDQS') === wanted && counts(methods.get(n)[points], points))
            .map((n) => bitopsOf(methods.get(n), points)),
        );
      const missing = RIVALS.filter((n) => isAsked(n) && methods.get(n)?.[points] === undefined);
      return compared(least(true), least(false), missing.length);
    });
  const keepsOnTest = (row, points) => row && Number(row.points_lost) <= points;
  const hasSqueezedRivals = names.some(isSqueezedRival);
  return [
    hasSqueezedRivals ? `${COMPARISON} ${RIVALS_SQUEEZED}` : COMPARISON,
    [
      `| method | ${complete.map((points) => `drop ${points}`).join(' | ')} |`,
      `|${'---|'.repeat(complete.length + 1)}`,
      ...names.map(
        (name) =>
          `| ${name.replace(/;/g, ',')} | ${complete.map((points) => cell(methods.get(name), points)).join(' | ')} |`,
      ),
      `| **VDQS needs no more than any rival** | ${verdicts(all).join(' | ')} |`,
      `| **the same, of plans that keep the bound on the test images too** | ${verdicts(keepsOnTest).join(' | ')} |`,
      `| **the same, any row by the drop on the test images** | ${complete.map((points) => verdictOnTest(rows, points)).join(' | ')} |`,
      ...(hasSqueezedRivals
        ? [`| **VDQS needs no more than any rival, squeezed ones too** | ${verdicts(all, all).join(' | ')} |`]
        : []),
    ].join('\n'),
  ];
}

/** The quickest VDQS plan that lost no more on the test images, against int8 in patches; nothing where that was not run. */
export function cyclesAgainstPatches(rows) {
  const patches = rows.find(
    (row) => row.case === 'int8; patches' && row.within_limits === 'true' && isKnown(row.cycles_m4),
  );
  const timed = rows.filter(
    (row) => row.case.startsWith('VDQS') && row.within_limits === 'true' && isKnown(row.cycles_m4),
  );
  if (patches === undefined || timed.length === 0) return [];
  const lines = TIMED_DROPS.map((points) => {
    const keeps = timed.filter((row) => Number(row.points_lost) <= points);
    if (keeps.length === 0) return `| ${points} |${' – |'.repeat(5)}`;
    const quickest = (column) => keeps.reduce((a, b) => (Number(b[column]) < Number(a[column]) ? b : a));
    const [m4, m7] = [quickest('cycles_m4'), quickest('cycles_m7')];
    const against = (own, column, base = column) =>
      `${(Number(patches[base]) / Number(own[column])).toFixed(2)}×`;
    const named = (row) => `${row.case.replace(/;/g, ',')} (${row.points_lost})`;
    const published = isKnown(patches.public_cycles_m4) ? against(m4, 'cycles_m4', 'public_cycles_m4') : '–';
    return `| ${points} | ${named(m4)} | ${against(m4, 'cycles_m4')} | ${published} | ${named(m7)} | ${against(m7, 'cycles_m7')} |`;
  });
  return [
    CYCLES,
    [
      '| points lost at most | quickest on M4 (points lost) | × patches, M4 | × patches by CMSIS-NN, M4 | quickest on M7 (points lost) | × patches, M7 |',
      `|${'---|'.repeat(6)}`,
      ...lines,
    ].join('\n'),
  ];
}

const isBaseline = (row) => /^(int8|uniform)/.test(row.case);
const baselinesFirst = (rows) => [...rows.filter(isBaseline), ...rows.filter((row) => !isBaseline(row))];

const DETECTION = `## mcunet_persondet

SRAM limit 128 KiB with stack. A detector's scores have no best class: widths are bounded by a share of the BitOPs of
8 bits, chosen by the noise of its three heads on calibration images; average precision of persons is read on the
labelled pictures, before and after: so few of them that a plan may stand above 8 bits by chance.`;

function detectorSection(rows) {
  const cells = (row) => [
    row.case.replace(/;/g, ','),
    row.within_limits === '' ? '' : row.within_limits === 'true' ? 'yes' : 'no',
    isKnown(row.bitops) ? (Number(row.bitops) / 1e6).toFixed(0) : '–',
    row.fewer_than_int8_patches || '–',
    row.fewer_than_int8_layers || '–',
    kib(row.arena_bytes),
    kib(row.peak_sram_bytes),
    millions(row.cycles_m4),
    millions(row.cycles_m7),
    row.person_ap50,
    row.predicted_sqnr_db || '–',
  ];
  return [
    DETECTION,
    [
      '| case | within limits | MBitOPs | × patches | × layers | arena KiB | peak SRAM KiB | M4 Mcycles | M7 Mcycles | person AP50 % | predicted SQNR dB |',
      `|${'---|'.repeat(11)}`,
      ...rows.map((row) => `| ${cells(row).join(' | ')} |`),
    ].join('\n'),
  ].join('\n\n');
}

export function renderTable(rows, detectorRows = []) {
  const networks = [...new Set(rows.map((row) => row.network))];
  const sections = networks.map((network) => {
    const own = baselinesFirst(rows.filter((row) => row.network === network));
    const run = own.filter((row) => isKnown(row.verified));
    const timed = own.filter((row) => isKnown(row.cycles_m4));
    const codes = [...new Set(timed.map((row) => row.code))];
    return [
      `## ${network}`,
      `SRAM limit ${kib(own[0].sram_limit)} KiB with stack; ${own[0].images} test images, float top-1 ${own[0].float_top1} %. Every plan with cycles verified: ${run.every((row) => row.verified === 'true') ? 'all bytes equal on the emulated M4' : 'NO'}.`,
      [
        '| case | within limits | MBitOPs | × patches | × layers | arena KiB | peak SRAM KiB | M4 Mcycles | M7 Mcycles | top-1 % | points lost | agreement % | SQNR dB (predicted) | predicted drop / agreement | search s | plan s |',
        `|${'---|'.repeat(16)}`,
        ...own.map((row) =>
          line(row, codes.length > 1 && timed.includes(row) ? row.code || 'older code' : ''),
        ),
      ].join('\n'),
      ...comparison(network, own),
      ...cyclesAgainstPatches(own),
    ].join('\n\n');
  });
  const detection = detectorRows.length === 0 ? [] : [detectorSection(detectorRows)];
  return `${HEAD}\n${[...sections, ...detection].join('\n\n')}\n`;
}

/** src/search/FRONTIER.md: BitOPs against points lost, method by method, and what each needs for a given loss. */
import { FRONTIER_HEAD } from './frontier-head.mjs';
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

const million = (bitops, digits = 0) => (bitops / 1e6).toFixed(digits);
const isOwn = (name) => name.startsWith('VDQS');

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

/** Of each row whose method ends so, beside the same method's without it, of the same share. */
function gainSection(rows, { title, text, suffix }) {
  const isWithin = (row) => row?.within_limits === 'true';
  const lines = FRONTIER_CASES.filter(([name]) => name.endsWith(suffix)).flatMap(([name]) => {
    const plain = name.slice(0, -suffix.length);
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
    `## ${title}`,
    `SQNR of the scores of ${text}, share by share, and the mean of the networks that were measured:`,
    [head, ...lines].join('\n'),
  ].join('\n\n');
}

const GAINS = [
  {
    title: 'What refining is worth',
    text: 'the refined plan beyond that of the one plan',
    suffix: ' refined',
  },
  {
    title: 'What plan noise is worth',
    text: 'the plan by noise in plans beyond that of the one by noise in the float network',
    suffix: ' plan noise',
  },
];

export function renderFrontier(rows) {
  const of = (network) => rows.filter((row) => row.network === network);
  const sections = Object.keys(NETWORKS)
    .filter((network) => of(network).length > 0)
    .map((network) => networkSection(network, of(network)));
  const near = FRONTIER_CASES.filter(([, { brief, isFixed }]) => !brief && !isFixed).map(([name]) => name);
  const likeCost = rows.filter((row) => near.includes(row.case) && row.within_limits === 'true');
  const gains = GAINS.map((gain) => gainSection(rows, gain));
  return `${FRONTIER_HEAD}\n${[...sections, likeCostSection(likeCost), ...gains].join('\n\n')}\n`;
}

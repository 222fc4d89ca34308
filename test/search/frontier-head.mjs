/** What src/search/FRONTIER.md says of itself, in front of its tables. */
import { NETWORKS } from './table-cases.mjs';

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

export const FRONTIER_HEAD = `# BitOPs against points lost, method by method

Written by \`npm run table:frontier\` from the figures in frontier.csv; do not edit. Every method is asked for the least
noise within shares of the BitOPs of 8 bits, so many to a halving (${steps()}),
under the network's SRAM limit, streaming, weights searched. The shares span losses from about none to beyond five points.
A set of 300 images (the MobileNets) cannot resolve one point: verdicts at 1 there hang on single images.
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

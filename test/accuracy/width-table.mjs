/** Renders src/quantize/ACCURACY.md from the rows of accuracy.csv. */

const HEAD = `# Accuracy by width

Points of top-1 lost against the float network on the test images (± half of the paired 95 % confidence interval),
agreement of the best class with the float network, and signal-to-noise ratio of the scores in front of the softmax.
Post-training, every choice made on calibration images; inputs, scores and outputs at 8 bits. Measured by the integer
engine on the network's own 8-bit output. aXwY: X-bit feature maps, Y-bit weights. Written by
\`npm run accuracy:widths\` from the figures in accuracy.csv; do not edit. The ImageNet subset of 300 images is easier
than the whole validation set: its figures mean differences, not "ImageNet top-1".
`;

export function renderTable(rows) {
  const networks = [...new Set(rows.map((row) => row[0]))];
  const sections = networks.map((network) => {
    const own = rows.filter((row) => row[0] === network);
    const [, , images, floatTop1] = own[0];
    const lines = own.map(
      ([, label, , , top1, lost, half, , agreement, sqnr, method]) =>
        `| ${label.replace(/;/g, ',')} | ${top1} | ${lost} ± ${half} | ${agreement} | ${sqnr} | ${method} |`,
    );
    return [
      `## ${network}`,
      `${images} images, float top-1 ${floatTop1} %.`,
      [
        '| widths | top-1 % | points lost | agreement % | score SQNR dB | reconstruction |',
        '|---|---|---|---|---|---|',
        ...lines,
      ].join('\n'),
    ].join('\n\n');
  });
  return `${HEAD}\n${sections.join('\n\n')}\n`;
}

/** Renders src/classify/VDPC.md from the rows of vdpc.csv. */

const HEAD = `# What value-driven patch classification is worth

A patch stage of 4×4 branches; protected positions keep 8 bits, the others store every map of the stage in fewer.
Layers behind the stage and all weights stay at 8 bits. Classes come from 64 calibration images; points of top-1 lost
against the float network (± half of the paired 95 % confidence interval), agreement with it and signal-to-noise ratio
of the scores from the test images, by the integer engine. BitOPs as a factor against the same patches at 8 bits.
"no classes" stores all branches alike: the maps of the stage with the least noise per BitOP are narrow, until the
BitOPs are no more than with the noise rule. Written by \`npm run vdpc:worth\` from vdpc.csv; do not edit.
`;

export function renderVdpc(rows) {
  const sections = [...new Set(rows.map((row) => `${row[0]},${row[1]}`))].map((key) => {
    const own = rows.filter((row) => `${row[0]},${row[1]}` === key);
    const [network, bits, , , images] = own[0];
    const lines = own.map(
      ([, , count, choice, , reduction, lost, half, agreement, sqnr]) =>
        `| ${count} | ${choice.replace(/;/g, ',')} | ${reduction} | ${lost} ± ${half} | ${agreement} | ${sqnr} |`,
    );
    return [
      `## ${network}, narrow branches at ${bits} bits`,
      `${images} test images.`,
      [
        '| protected of 16 | by | BitOPs saved × | points lost | agreement % | score SQNR dB |',
        '|---|---|---|---|---|---|',
        ...lines,
      ].join('\n'),
    ].join('\n\n');
  });
  return `${HEAD}\n${sections.join('\n\n')}\n`;
}

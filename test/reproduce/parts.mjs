/**
 * What `npm run reproduce` runs, in order: every script that makes figures of a document, with its arguments, cheap and
 * independent ones first.
 */
export const PARTS = [
  { name: 'kernels', script: 'regress', makes: 'cycles and bytes against test/regress/baseline.json' },
  { name: 'bench', script: 'bench:kernels', makes: 'cycles of every kernel, beside public ones' },
  { name: 'latency', script: 'bench:latency', makes: 'the table of src/bind/LATENCY.md' },
  { name: 'speed', script: 'bench:simulate', makes: 'speed of the simulation' },
  { name: 'litert', script: 'bench:litert', makes: 'speed beside LiteRT.js' },
  { name: 'emulator', script: 'bench:emulate', makes: 'speed of the emulated core' },
  { name: 'accuracy', script: 'accuracy', makes: 'accuracy of the models as they come' },
  {
    name: 'budgets',
    script: 'verify:plans',
    args: ['--document', 'src/patch/BUDGETS.md'],
    makes: 'src/patch/BUDGETS.md: plans under memory budgets, verified',
  },
  { name: 'widths', script: 'accuracy:widths', makes: 'src/quantize/ACCURACY.md' },
  { name: 'vdpc', script: 'vdpc:worth', makes: 'src/classify/VDPC.md' },
  { name: 'seconds', script: 'bench:search', makes: 'seconds of calibration and search, by method' },
  { name: 'search', script: 'table:search', makes: 'src/search/TABLE.md' },
  { name: 'frontier', script: 'table:frontier', makes: 'src/search/FRONTIER.md' },
];

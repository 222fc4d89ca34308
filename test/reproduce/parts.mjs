/** What `npm run reproduce` runs, in order: every script that makes figures of a document, cheap and independent ones first. */
export const PARTS = [
  { name: 'kernels', script: 'regress', makes: 'cycles and bytes against test/regress/baseline.json' },
  { name: 'speed', script: 'bench:simulate', makes: 'speed of the simulation' },
  { name: 'litert', script: 'bench:litert', makes: 'speed beside LiteRT.js' },
  { name: 'emulator', script: 'bench:emulate', makes: 'speed of the emulated core' },
  { name: 'accuracy', script: 'accuracy', makes: 'accuracy of the models as they come' },
  { name: 'budgets', script: 'verify:plans', makes: 'plans under memory budgets, verified' },
  { name: 'widths', script: 'accuracy:widths', makes: 'src/quantize/ACCURACY.md' },
  { name: 'vdpc', script: 'vdpc:worth', makes: 'src/classify/VDPC.md' },
  { name: 'search', script: 'table:search', makes: 'src/search/TABLE.md' },
];

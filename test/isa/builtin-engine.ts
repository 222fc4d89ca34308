/** The built-in core, one instruction at a time. */
import { BuiltinMachine } from '../../src/emulate/builtin-machine.js';
import type { CoreId } from '../../src/targets/target.js';
import {
  CODE_AT,
  CODE_BYTES,
  CODE_ORIGIN,
  type Engine,
  FPSCR,
  type Outcome,
  PC,
  RAM_BYTES,
  RAM_ORIGIN,
  S0,
  XPSR,
} from './state.js';

/** CONTROL.FPCA. */
const FP_ACTIVE = 4;

class StepMachine extends BuiltinMachine {
  /** Registers and flags in, the instructions up to `end` executed, registers and flags out. */
  runState(state: Uint32Array, end: number): Outcome {
    const { REGS, FREGS, FPSCR: fpscr, MONITOR, MSP, IPSR, CONTROL } = this.module.layout;
    const words = new Uint32Array(this.module.memory.buffer);
    words.set(state.subarray(0, PC + 1), REGS / 4);
    words[REGS / 4 + PC]! &= ~1;
    words.set(state.subarray(S0, S0 + 32), FREGS / 4);
    words[fpscr / 4] = state[FPSCR]!;
    words[MONITOR / 4] = 0;
    // the system registers that MSR and CPS change
    words.fill(0, MSP / 4, IPSR / 4 + 1);
    words[CONTROL / 4] = FP_ACTIVE;
    this.module.functions.writeFlags(state[XPSR]!);
    let fault = this.step();
    while (fault === undefined && this.readRegister(PC) < end) fault = this.step();
    state.set(words.subarray(REGS / 4, REGS / 4 + 16));
    state[XPSR] = this.module.functions.readFlags();
    state.set(words.subarray(FREGS / 4, FREGS / 4 + 32), S0);
    state[FPSCR] = words[fpscr / 4]!;
    return fault === undefined ? 'done' : 'fault';
  }
}

export function createBuiltinEngine(core: CoreId): Engine {
  const machine = new StepMachine({
    core,
    regions: [
      { name: 'flash', origin: CODE_ORIGIN, bytes: CODE_BYTES, writable: false },
      { name: 'sram', origin: RAM_ORIGIN, bytes: RAM_BYTES, writable: true },
    ],
    countCycles: true,
    watchMemory: true,
    fpuEnabled: true,
  });
  const ramHost = machine.memory.hostAddress(RAM_ORIGIN, RAM_BYTES);
  let placed: Uint16Array | undefined;
  return {
    execute(code, branches, state, executed = code.length) {
      if (code !== placed)
        machine.write(CODE_AT, new Uint8Array(code.buffer, code.byteOffset, code.byteLength));
      placed = code;
      return machine.runState(state, branches ? 0 : CODE_AT + 2 * executed);
    },
    writeCode(bytes) {
      placed = undefined;
      machine.write(CODE_ORIGIN, bytes);
    },
    writeRam: (bytes) => machine.memory.bytes.set(bytes, ramHost),
    ram: () => machine.memory.bytes.subarray(ramHost, ramHost + RAM_BYTES),
    close: () => machine.dispose(),
  };
}

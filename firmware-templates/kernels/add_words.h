/* ADD and SUB as add.h has them, without broadcasting and with whole bytes per pixel: eight elements a turn. */
#ifndef QMCU_ADD_WORDS_H
#define QMCU_ADD_WORDS_H

#include "../numeric/stages.h"
#include "add.h"

struct add_words_args {
  /* As of one pixel of all elements: what is left over after whole turns is added by the formulas of add.h. */
  struct add_args rest;
  /*
   * Output bounds of the assembly, each in both halves of its word, then its constants:
   *   mulhi         Mb:Ma, C
   *   tflm, single  −z, M, R of the scaled operand; −z of the halved one; R, M of the sum
   */
  uint32_t constants[8];
};

/*
 * Kernel: void add_a<a>__dsp_words_…(args, first, second, output)
 * b, o: widths of the second operand and the output; f: 1 when the clamp is narrower than that.
 * mulhi: s: the right shift. tflm, single: i: left shift; j: right shift of the scaled operand, 0 when both are halved;
 * r: right shift of the sum; g: 1 when the second operand is the scaled one; n: 0 adds, 1 subtracts the scaled operand,
 * 2 subtracts the halved one.
 */

#endif

/*
 * What every kernel file includes: its feature, its widths and its name.
 *
 * A kernel file is compiled once per instance. An instance is a few lines that set the macros below and include
 * the kernel (see firmware-templates/README.md); a kernel compiled on its own is its 8-bit scalar instance.
 * Names: <op>_a<input bits>_w<weight bits>__<feature>; operators without weights drop _w.
 */
#ifndef QMCU_KERNEL_H
#define QMCU_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#ifndef QMCU_INPUT_BITS
#define QMCU_INPUT_BITS 8
#endif
#ifndef QMCU_WEIGHT_BITS
#define QMCU_WEIGHT_BITS 8
#endif
#ifndef QMCU_FEATURE_HEADER
#define QMCU_FEATURE_HEADER "../features/scalar.h"
#endif

#include QMCU_FEATURE_HEADER

#include "../numeric/lanes.h"
#include "../numeric/requantize.h"

#define QMCU_JOIN_2(op, a, feature) op##_a##a##__##feature
#define QMCU_JOIN(op, a, feature) QMCU_JOIN_2(op, a, feature)
#define QMCU_JOIN_W2(op, a, w, feature) op##_a##a##_w##w##__##feature
#define QMCU_JOIN_W(op, a, w, feature) QMCU_JOIN_W2(op, a, w, feature)

/* The instance's name for an operator without, and with, weights. */
#define QMCU_KERNEL(op) QMCU_JOIN(op, QMCU_INPUT_BITS, QMCU_FEATURE)
#define QMCU_WEIGHTED_KERNEL(op) QMCU_JOIN_W(op, QMCU_INPUT_BITS, QMCU_WEIGHT_BITS, QMCU_FEATURE)

/*
 * A variant's instance has its name given (QMCU_INSTANCE); QMCU_PART(x) is the name of a function that its generated
 * assembly defines beside it.
 */
#define QMCU_PART_2(instance, part) instance##_##part
#define QMCU_PART_1(instance, part) QMCU_PART_2(instance, part)
#define QMCU_PART(part) QMCU_PART_1(QMCU_INSTANCE, part)

/* Activation lanes in a 32-bit word of the input. */
#define QMCU_INPUT_LANES (32 / QMCU_INPUT_BITS)

#endif

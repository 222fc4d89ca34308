/*
 * Runs of a weight stream: neighbouring blocks of four channels of one kind (src/bind/variants/channel-stream.ts). The last
 * block of a stream is filled up.
 */
#ifndef QMCU_RUN_KINDS_H
#define QMCU_RUN_KINDS_H

enum {
  /* Generated assembly; the short form of requantisation is proven exact for every channel. */
  QMCU_RUN_FAST,
  /* The same for one last block of fewer than four channels. */
  QMCU_RUN_TAIL,
  /* C, any channel; weights as in dot_block.h, constants in an array of struct qmcu_channel. */
  QMCU_RUN_EXACT,
  /* Channels that always give the same: per block a word of its packed outputs. Columns into pixels only. */
  QMCU_RUN_CONSTANT
};

#endif

/* A plug-in that does wrong what its parameter `mode` names. Rows that it does
 * score get their number. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ume_reward_plugin.h"

static int calls = 0;

static void* create(const ume_reward_param* params,
                    size_t num_params,
                    char* error) {
  for (size_t i = 0; i < num_params; ++i) {
    if (strcmp(params[i].key, "mode") != 0) continue;
    if (strcmp(params[i].value, "refuse") == 0) break;
    if (strcmp(params[i].value, "crash_at_start") == 0) abort();
    return strdup(params[i].value);
  }
  memset(error, 'x', UME_REWARD_ERROR_BYTES); /* no zero byte */
  return NULL;
}

static void leak(void) {
  for (;;) {
    char* memory = malloc(1 << 20);
    if (memory == NULL) abort();
    memset(memory, 1, 1 << 20);
  }
}

static void misbehave(const char* mode, ume_reward_result* result) {
  static const unsigned char kHuge[8] = {255, 255, 255, 255, 255, 255, 255, 127};
  if (strcmp(mode, "crash") == 0) raise(SIGSEGV);
  if (strcmp(mode, "hang") == 0) {
    for (;;) pause();
  }
  if (strcmp(mode, "leak") == 0) leak();
  if (strcmp(mode, "exit") == 0) _exit(0);
  if (strcmp(mode, "garbage") == 0 && write(3, kHuge, sizeof kHuge) < 0) abort();
  if (strcmp(mode, "overrun") == 0) {
    memset(result->query->values, 7, (size_t)1 << 28);
  }
}

static int32_t score(void* state,
                     const ume_reward_cohort* cohort,
                     ume_reward_result* result) {
  const char* mode = state;
  (void)cohort;
  misbehave(mode, result);
  if (strcmp(mode, "crash_second") == 0 && ++calls == 2) abort();
  if (strcmp(mode, "error") == 0) {
    snprintf(result->error, sizeof result->error, "no luck today");
    return 7;
  }
  ume_reward_cells* sides[2] = {result->query, result->target};
  for (int side = 0; side < 2; ++side) {
    for (int64_t row = 0; row < sides[side]->num_rows; ++row) {
      if (strcmp(mode, "half") == 0 && row % 2 == 1) continue;
      sides[side]->values[row] = strcmp(mode, "nan") == 0 ? NAN : (double)row;
      if (strcmp(mode, "state") == 0) sides[side]->states[row] = 99;
      if (strcmp(mode, "reason") == 0) {
        sides[side]->states[row] = UME_REWARD_INVALID;
        memset(sides[side]->reasons[row], 0xff, UME_REWARD_REASON_BYTES);
      }
    }
  }
  return 0;
}

static const ume_reward_plugin good = {sizeof(ume_reward_plugin),
                                       UME_REWARD_PLUGIN_ABI,
                                       "misbehaving",
                                       "1",
                                       create,
                                       score,
                                       free};
static const ume_reward_plugin other_abi = {
    sizeof(ume_reward_plugin), 99, "future", "1", create, score, free};
static const ume_reward_plugin cut_short = {
    sizeof(ume_reward_plugin) - 8, UME_REWARD_PLUGIN_ABI, "short", "1",
    create, score, free};
static const ume_reward_plugin no_score = {
    sizeof(ume_reward_plugin), UME_REWARD_PLUGIN_ABI, "none", "1",
    create, NULL, free};

const ume_reward_plugin* ume_reward_plugin_v1(void) {
  return &good;
}
const ume_reward_plugin* future_version(void) {
  return &other_abi;
}
const ume_reward_plugin* too_short(void) {
  return &cut_short;
}
const ume_reward_plugin* without_score(void) {
  return &no_score;
}
const ume_reward_plugin* nothing(void) {
  return NULL;
}

/* A reward of your own as a shared object: short reasoning is better.
 *
 *   value = 1 / (1 + max(0, characters of the completion - free) / scale)
 *
 * and a row without an embedding is invalid, so that nothing is invented for
 * it. Parameters: free (default 40), scale (default 40). */
#include "ume_reward_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
  double free_characters;
  double scale;
} settings;

static void* create(const ume_reward_param* params,
                    size_t num_params,
                    char* error) {
  settings* s = malloc(sizeof *s);
  if (s == NULL) return NULL;
  s->free_characters = 40;
  s->scale = 40;
  for (size_t i = 0; i < num_params; ++i) {
    if (strcmp(params[i].key, "free") == 0) {
      s->free_characters = atof(params[i].value);
    } else if (strcmp(params[i].key, "scale") == 0) {
      s->scale = atof(params[i].value);
    } else {
      snprintf(error, UME_REWARD_ERROR_BYTES,
               "unknown parameter '%s'; known: free, scale", params[i].key);
      free(s);
      return NULL;
    }
  }
  if (!(s->scale > 0)) {
    snprintf(error, UME_REWARD_ERROR_BYTES, "scale: expected more than 0");
    free(s);
    return NULL;
  }
  return s;
}

static void score_side(const settings* s,
                       const ume_reward_side* side,
                       ume_reward_cells* cells) {
  for (int64_t row = 0; row < cells->num_rows; ++row) {
    if (!side->has_embedding[row]) {
      cells->states[row] = UME_REWARD_INVALID;
      snprintf(cells->reasons[row], UME_REWARD_REASON_BYTES, "no embedding");
      continue;
    }
    double over = (double)strlen(side->completions[row]) - s->free_characters;
    cells->values[row] = over > 0 ? 1 / (1 + over / s->scale) : 1;
  }
}

static int32_t score(void* state,
                     const ume_reward_cohort* cohort,
                     ume_reward_result* result) {
  score_side(state, cohort->query, result->query);
  score_side(state, cohort->target, result->target);
  return 0;
}

static const ume_reward_plugin plugin = {
    sizeof(ume_reward_plugin), UME_REWARD_PLUGIN_ABI, "brevity", "1",
    create, score, free};

const ume_reward_plugin* ume_reward_plugin_v1(void) {
  return &plugin;
}

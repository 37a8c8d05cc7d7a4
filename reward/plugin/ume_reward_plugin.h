/* The C interface of a reward plug-in: a shared object that scores cohorts.
 * docs/rewards.md has a complete example, docs/formats/reward_plugin.md the
 * rules. Plain C, no other header of the project is needed:
 *
 *   cc -shared -fPIC -O2 -I PATH_TO_THIS_FOLDER my_reward.c -o my_reward.so
 *
 * Versions. UME_REWARD_PLUGIN_ABI changes when anything here changes its
 * meaning; a plug-in of another version is refused by name. Every struct begins
 * with its size as the caller compiled it: fields are only ever added at the
 * end, so a plug-in reads a field of a later header only if `size` covers it.
 */
#ifndef UME_REWARD_PLUGIN_H
#define UME_REWARD_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define UME_REWARD_PLUGIN_ABI 1u
#define UME_REWARD_REASON_BYTES 128
#define UME_REWARD_ERROR_BYTES 256

/* States of a cell. A plug-in that cannot score a row says so: a reward is
 * never invented. */
#define UME_REWARD_VALUE 0   /* values[row] holds */
#define UME_REWARD_INVALID 1 /* what the model made cannot be scored */
#define UME_REWARD_FAILED 2  /* scoring went wrong; tried again later */

/* One entry of the term's `params`. */
typedef struct ume_reward_param {
  const char* key;
  const char* value;
} ume_reward_param;

/* One side of a cohort. Row p * group_size + g is sample g of pair p. Nothing
 * outlives the call to score(). Texts are UTF-8 and end with a zero byte. */
typedef struct ume_reward_side {
  size_t size;
  const char* const* prompts;     /* [num_pairs], text only, media left out */
  const char* const* completions; /* [num_rows] */
  const float* gen_embeddings;    /* [num_rows * dim], row-major; zeros: none */
  const uint8_t* has_embedding;   /* [num_rows], 0 or 1 */
  const int32_t* completion_tokens; /* [num_rows] or NULL */
  const float* disc_embeddings;     /* [num_pairs * dim] or NULL */
} ume_reward_side;

typedef struct ume_reward_cohort {
  size_t size;
  uint64_t id;
  uint64_t update; /* the optimiser step that it feeds */
  int64_t num_pairs;
  int64_t group_size;
  int64_t num_rows; /* num_pairs * group_size, of each side */
  int64_t dim;
  const uint64_t* pair_ids;   /* [num_pairs] or NULL */
  const char* const* sources; /* [num_pairs] or NULL */
  const ume_reward_side* query;
  const ume_reward_side* target;
} ume_reward_cohort;

/* Where the scores of one side go. The caller owns all of it and fills values
 * with NaN beforehand: a row that is not written fails. */
typedef struct ume_reward_cells {
  size_t size;
  int64_t num_rows;
  double* values;  /* [num_rows] */
  uint8_t* states; /* [num_rows], UME_REWARD_VALUE beforehand */
  char (*reasons)[UME_REWARD_REASON_BYTES]; /* [num_rows], "" beforehand */
} ume_reward_cells;

typedef struct ume_reward_result {
  size_t size;
  ume_reward_cells* query;
  ume_reward_cells* target;
  char error[UME_REWARD_ERROR_BYTES]; /* why score() did not return 0 */
} ume_reward_result;

/* What a plug-in is; lives as long as the library. */
typedef struct ume_reward_plugin {
  size_t size;          /* sizeof(ume_reward_plugin) */
  uint32_t abi_version; /* UME_REWARD_PLUGIN_ABI */
  const char* name;
  const char* version; /* part of the policy hash, with the file's content */
  /* Returns the state that score() gets, or NULL with a text in `error`
   * (UME_REWARD_ERROR_BYTES). May itself be NULL: no state. */
  void* (*create)(const ume_reward_param* params,
                  size_t num_params,
                  char* error);
  /* Returns 0 when every row has its cell. One call at a time. */
  int32_t (*score)(void* state,
                   const ume_reward_cohort* cohort,
                   ume_reward_result* result);
  /* May be NULL. */
  void (*destroy)(void* state);
} ume_reward_plugin;

/* The function that a plug-in exports; the term's `symbol` may name another of
 * this type, so that one library holds several. */
typedef const ume_reward_plugin* (*ume_reward_plugin_entry)(void);
const ume_reward_plugin* ume_reward_plugin_v1(void);

#ifdef __cplusplus
}
#endif

#endif /* UME_REWARD_PLUGIN_H */

#pragma once

#include "tests/fuzz/targets.h"

// One function a target, each in targets/NAME.cpp or beside its siblings.
#define UME_FUZZ_TARGETS(X) \
  X(safetensors)            \
  X(safetensors_index)      \
  X(tokenizer_json)         \
  X(tokenizer_text)         \
  X(chat_template)          \
  X(model_config)           \
  X(model_companions)       \
  X(preprocessor_config)    \
  X(image_png)              \
  X(image_jpeg)             \
  X(image_webp)             \
  X(media_reply)            \
  X(prompt_records)         \
  X(token_records)          \
  X(pair_records)           \
  X(record_files)           \
  X(evaluation_files)       \
  X(yaml_config)            \
  X(wire_envelope)          \
  X(wire_request)           \
  X(wire_reply)             \
  X(result_blob)            \
  X(weight_file)            \
  X(trajectories)           \
  X(format_rule)            \
  X(reward_cohort)          \
  X(score_request)          \
  X(score_reply)            \
  X(judge_score)

namespace ume::fuzz {

#define UME_FUZZ_DECLARE(name) void name(Bytes input);
UME_FUZZ_TARGETS(UME_FUZZ_DECLARE)
#undef UME_FUZZ_DECLARE

}  // namespace ume::fuzz

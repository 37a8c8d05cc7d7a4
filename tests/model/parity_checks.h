#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/qwen2_vl.h"
#include "tests/model/parity_case.h"

// Checks of a loaded model against the recordings of one folder of
// tests/fixtures/parity, used by several tests. Tolerances: the README of
// tests/fixtures/parity/model_* ("normal" for fp32).
namespace ume {

// The largest error seen, by (model, kind).
using ErrorTable = std::map<std::pair<std::string, std::string>, double>;

struct Loaded {
  std::string folder;  // of the weights
  std::string cases;   // name of the cases' folder
  Qwen2VL model;
  ErrorTable* errors = nullptr;  // borrowed; may be null
};

// cases: name of the folder of the cases, if it is another one.
Loaded load_parity_model(const std::string& name,
                         const std::string& cases = "");

// Every hidden state, logits, log-probabilities, positions, vision features;
// with a shared header and without.
void check_forward(const Loaded& loaded, const std::vector<std::string>& cases);
// Of every parameter.
void check_gradients(const Loaded& loaded, const std::string& name);
// Tokens and their log-probabilities, with a cache and without.
void check_greedy(const Loaded& loaded, const std::vector<std::string>& cases);

inline const std::vector<std::string> kForwardCases = {
    "text_only", "image_single", "image_two",
    "video",     "mixed_left",   "mixed_right"};
inline const std::vector<std::string> kGradientCases = {"image_single", "video",
                                                        "mixed_right"};
inline const std::vector<std::string> kGreedyCases = {
    "text_only", "image_single", "image_two", "video", "mixed_left"};

}  // namespace ume

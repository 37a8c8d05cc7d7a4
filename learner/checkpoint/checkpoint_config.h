#pragma once

#include <cstdint>
#include <string>

#include "common/config/checks.h"

namespace ume {

// When training state is saved and how many copies stay.
struct CheckpointConfig {
  int64_t every_steps = 50;  // of each phase; 0: only at the phase's end
  // Newest complete ones of a phase that stay; two at least, because the
  // newest may turn out damaged, or be one that the ledger has not seen yet.
  int64_t keep = 2;
  // Of the hub-layout export at a phase's end; the training state is float32.
  std::string export_dtype = "bfloat16";  // or float32
  // Writing may take so long before the other ranks give up on rank 0, and
  // before a stop that waits for the checkpoint leaves without it.
  double write_timeout_seconds = 600;

  void validate() const;
};

template <class Visitor>
void visit_fields(Visitor& v, CheckpointConfig& c) {
  v("every_steps", c.every_steps,
    "steps between checkpoints; 0: only at a phase's end");
  v("keep", c.keep,
    "newest complete checkpoints of a phase that stay, 2 or more");
  v("export_dtype", c.export_dtype,
    "bfloat16 or float32, of the export in the hub's layout");
  v("write_timeout_seconds", c.write_timeout_seconds,
    "longest time that writing one checkpoint may take, also before a stop");
}

inline void CheckpointConfig::validate() const {
  const ConfigChecks check("checkpoint");
  check.at_least("every_steps", every_steps, 0);
  check.that(keep >= 2, "keep", keep,
             "2 or more, as the newest one may turn out damaged");
  check.one_of("export_dtype", export_dtype, {"bfloat16", "float32"});
  check.more_than("write_timeout_seconds", write_timeout_seconds, 0);
}

}  // namespace ume

#!/bin/bash
# Three seeds of the emoji example, the control with shuffled rewards and SFT on
# careful traces alone; then the first run's report with all of them beside it.
# Runs that are finished are not made again; one that was stopped goes on.
#   tools/demo_seeds.sh UME NAME
set -euo pipefail
ume=$1
name=$2

train() {
  local run=$1
  shift
  local resume=()
  [ ! -d "runs/$run" ] || resume=(--resume)
  echo "== $run" >&2
  "$ume" train configs/emoji.yaml "run.name=$run" "$@" "${resume[@]}"
}

train "$name" run.seed=1
train "$name-seed2" run.seed=2 'eval.stages=[sft,grpo]'
train "$name-seed3" run.seed=3 'eval.stages=[sft,grpo]'
sft_model=$(ls -d "runs/$name"/checkpoints/sft/step_*/model)
train "$name-control" run.seed=1 'phases=[grpo,eval]' 'eval.stages=[grpo]' \
  "model.path=$sft_model" reward.control=shuffle
train "$name-clean" run.seed=1 'phases=[sft,eval]' 'eval.stages=[sft]' \
  sft.data=examples/emoji/data/sft_clean.jsonl
"$ume" report "runs/$name" --seeds "runs/$name-seed2" "runs/$name-seed3" \
  --control "runs/$name-control" --reference "runs/$name-clean"

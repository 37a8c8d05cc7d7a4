#pragma once

// The part of LibTorch that every folder from here upward uses: tensors, their
// operations, autograd. All of <torch/torch.h> costs every file that includes
// it twice as much to compile, even precompiled; what else a file needs, it
// includes by itself (e.g. <torch/nn/functional/normalization.h>).

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

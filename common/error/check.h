#pragma once

#include <cstdio>
#include <cstdlib>

// Ends the process when an invariant of ours is broken (never for bad input).
#define UME_CHECK(condition, text)                                         \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", __FILE__, \
                   __LINE__, text, #condition);                            \
      std::abort();                                                        \
    }                                                                      \
  } while (false)

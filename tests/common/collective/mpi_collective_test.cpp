// One rank of a test under mpirun. Without arguments: compares every operation
// with the threads' implementation of the same world size. With "lose": the
// last rank stays away and the others must run into their deadline. Exits with
// 0 when all is as it should be.
#include "common/collective/mpi_collective.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "common/collective/thread_collective.h"
#include "common/error/error.h"
#include "tests/common/collective/collective_exercise.h"

namespace {

std::string expected_digest(int world_size) {
  auto ranks = ume::make_thread_collectives(world_size);
  std::vector<std::string> digests(ranks.size());
  std::vector<std::thread> threads;
  for (size_t r = 0; r < ranks.size(); ++r) {
    threads.emplace_back(
        [&, r] { digests[r] = ume::exercise_collective(*ranks[r]); });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  return digests[0];
}

int compare(ume::MpiSession& session) {
  const auto ranks = ume::make_mpi_collective(session);
  const std::string digest = ume::exercise_collective(*ranks);
  if (digest != expected_digest(ranks->world_size())) {
    std::fprintf(stderr, "rank %d: results differ from the threads'\n",
                 ranks->rank());
    return 1;
  }
  ranks->barrier();
  return 0;
}

// Does not return: MPI cannot be left in order without all ranks.
void lose_a_rank(ume::MpiSession& session) {
  const auto ranks = ume::make_mpi_collective(session, 0.2);
  if (ranks->rank() == ranks->world_size() - 1) {
    sleep(60);  // ended by the others
    _exit(1);
  }
  try {
    ranks->barrier();
  } catch (const ume::DeadlineExceeded& error) {
    if (std::strstr(error.what(), "barrier") != nullptr) {
      session.abort(0);
    }
  }
  session.abort(1);
}

}  // namespace

int main(int argc, char** argv) {
  ume::MpiSession session;
  if (argc > 1 && std::strcmp(argv[1], "lose") == 0) {
    lose_a_rank(session);
  }
  return compare(session);
}

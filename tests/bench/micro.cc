// SPDX-License-Identifier: MIT
// Times the hot path's cases (`./dev micro`), with Google Benchmark and its flags.
#include <benchmark/benchmark.h>

#include "bench/hot_cases.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const mm::bench::HotCase& each : mm::bench::hot_cases()) {
    benchmark::RegisterBenchmark(each.name, [&each](benchmark::State& state) {
      const auto round = each.make();
      for (auto _ : state) round();
    });
  }
  benchmark::RunSpecifiedBenchmarks();
}

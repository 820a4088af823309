package io.tailrace.client.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tailrace perf}: a quick look at how fast a cluster is. */
@Command(
    name = "perf",
    description = "Measures how fast records go in and come out: a quick look, not a benchmark.",
    synopsisSubcommandLabel = "VERB",
    subcommands = {PerfProduce.class, PerfConsume.class, PerfLatency.class})
final class PerfCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a verb is missing");
  }
}

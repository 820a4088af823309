package io.tailrace.benchmarks;

import io.tailrace.benchmarks.chaos.ChaosCommand;
import io.tailrace.benchmarks.chaos.FailoverCommand;
import io.tailrace.benchmarks.compare.CompareCommand;
import io.tailrace.benchmarks.endurance.FuzzCommand;
import io.tailrace.benchmarks.endurance.KillCommand;
import io.tailrace.benchmarks.endurance.SoakCommand;
import java.io.IOException;
import java.util.Arrays;
import org.openjdk.jmh.Main;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code bin/bench}: measures Tailrace, alone and beside others. */
@Command(
    name = "bench",
    description = "Measures Tailrace, alone and beside others.",
    footer = "micro: JMH benchmarks of single parts; takes JMH's own options, see micro -h.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ChaosCommand.class,
      CompareCommand.class,
      FailoverCommand.class,
      FuzzCommand.class,
      KillCommand.class,
      SoakCommand.class
    })
public final class BenchMain {
  private BenchMain() {}

  public static void main(String[] args) throws IOException {
    if (args.length > 0 && args[0].equals("micro")) {
      // JMH has a command line of its own.
      Main.main(Arrays.copyOfRange(args, 1, args.length));
      return;
    }
    CommandLine commands = new CommandLine(new BenchMain());
    commands.setUsageHelpAutoWidth(true);
    commands.setCaseInsensitiveEnumValuesAllowed(true);
    System.exit(commands.execute(args));
  }
}

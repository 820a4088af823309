package io.tailrace.client.cli;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Position;
import io.tailrace.client.Replay;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tailrace perf consume}: how fast records come out. */
@Command(
    name = "consume",
    description = "Reads what a topic holds and says how fast it came.",
    footer = {"", "Example:", "  tailrace perf consume load"})
final class PerfConsume implements Runnable {
  private final Session session;

  @Parameters(paramLabel = "TOPIC", description = "What to read.")
  private String topic;

  @Option(names = "--records", paramLabel = "N", description = "End after so many records.")
  private long records = Long.MAX_VALUE;

  @Option(
      names = "--from",
      paramLabel = "POSITION",
      description = "The first record to read; earliest unless given.")
  private Position from = Position.earliest();

  PerfConsume(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    if (records < 1) {
      throw CommandException.badInput("--records: " + records + " is not at least 1");
    }
    long count = 0;
    long bytes = 0;
    try (TailraceClient client = session.connect(topic);
        Replay<byte[], byte[]> history =
            client
                .<byte[], byte[]>consumer(Serdes.bytes(), Serdes.bytes())
                .replay(topic, from, Position.latest())) {
      Progress progress =
          new Progress(session.terminal(), "read", Math.min(records, history.remaining()));
      for (ConsumerRecord<byte[], byte[]> record : history) {
        count++;
        bytes += record.value() == null ? 0 : record.value().length;
        if (count == records) {
          break;
        }
        progress.update(count);
      }
      Duration elapsed = progress.elapsed();
      progress.end();
      new PerfReport().throughput(count, bytes, elapsed).print(session);
    }
  }
}

package io.tailrace.client.cli;

import io.tailrace.client.QueueDescription;
import io.tailrace.client.Redrive;
import io.tailrace.client.TailraceClient;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tailrace dlq redrive}: sends dead letters back to where they died, or elsewhere. */
@Command(
    name = "redrive",
    description = "Sends dead letters back to their queue, where they are delivered anew.",
    footer = {
      "",
      "Each message arrives once. What was interrupted is continued by running it again.",
      "",
      "Examples:",
      "  tailrace dlq redrive mails",
      "  tailrace dlq redrive mails --reason rejected --from -1h --max 100 --dry-run"
    })
final class RedriveCommand implements Runnable {
  private final Session session;

  @Parameters(paramLabel = "QUEUE", description = DeadLetterCommand.QUEUE)
  private String queue;

  @Option(
      names = "--reason",
      paramLabel = "R",
      description = "Only those that died of it: rejected, delivery-limit, expired, max-length.")
  private String reason;

  @Option(
      names = "--from",
      paramLabel = "TIME",
      description = "Only those published at or after, such as 2026-11-01T08:30 or -1h.")
  private String from;

  @Option(names = "--to", paramLabel = "TIME", description = "Only those published before.")
  private String to;

  @Option(names = "--key", paramLabel = "K", description = "Only those with this record key.")
  private String key;

  @Option(names = "--max", paramLabel = "N", description = "How many at most.")
  private Long max;

  @Option(
      names = "--rate",
      paramLabel = "N/s",
      description = "How many in a second at most, such as 500/s, 30/m or 100/h.")
  private Rate rate;

  @Option(
      names = "--into",
      paramLabel = "QUEUE",
      description = "The queue that gets them, in place of the one that each died in.")
  private String into;

  @Option(names = "--dry-run", description = "Only say how many there are.")
  private boolean dryRun;

  RedriveCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    if (max != null && max < 1) {
      throw CommandException.badInput("--max: " + max + " is not at least 1");
    }
    try (TailraceClient client = session.connect()) {
      QueueDescription letters = DeadLetterCommand.find(client, queue);
      long total = letters.ready() + letters.delayed() + letters.setAside();
      Progress progress = new Progress(session.terminal(), "redrove", total);
      long redriven;
      try {
        redriven =
            Session.await(
                client.admin().redrive(redrive(letters.name()).progress(progress::update)));
      } finally {
        progress.end();
      }
      session.print(
          JsonDocuments.of(
              "name",
              letters.name(),
              "redriven",
              dryRun ? 0 : redriven,
              "matched",
              redriven,
              "dryRun",
              dryRun),
          () ->
              session
                  .terminal()
                  .println(
                      (dryRun ? "would redrive " : "redrove ")
                          + Quantities.counted(redriven, "message")));
    }
  }

  private Redrive redrive(String letters) {
    Redrive redrive =
        Redrive.of(letters).reason(reason).key(key).into(into).from(time("--from", from));
    redrive = redrive.to(time("--to", to));
    if (max != null) {
      redrive = redrive.max(max);
    }
    if (rate != null) {
      redrive = redrive.rate(rate.perSecond());
    }
    return dryRun ? redrive.asDryRun() : redrive;
  }

  private Instant time(String option, String text) {
    if (text == null) {
      return null;
    }
    Instant time = session.time(text);
    if (time == null) {
      throw CommandException.badInput(
          option
              + ": '"
              + text
              + "' is no time; write for instance 2026-11-01T08:30, 1793520000000 or -15m");
    }
    return time;
  }
}

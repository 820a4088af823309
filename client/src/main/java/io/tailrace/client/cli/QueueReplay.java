package io.tailrace.client.cli;

import io.tailrace.client.Position;
import io.tailrace.client.QueueRange;
import io.tailrace.client.TailraceClient;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tailrace queue replay}: delivers messages of a queue once more. */
@Command(
    name = "replay",
    description = {
      "Delivers once more what a queue has delivered; what consumers hold stays theirs.",
      "'queue describe' tells how far it is."
    },
    footer = {
      "",
      "Examples:",
      "  tailrace queue replay mails --from -1h",
      "  tailrace queue replay mails --cancel"
    })
final class QueueReplay implements Runnable {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The queue.")
  private String name;

  @Option(
      names = "--from",
      paramLabel = "POSITION",
      description = "Where it begins: earliest, an offset or a time.")
  private String from;

  @Option(names = "--cancel", description = "Ends all replays and back-fills of the queue.")
  private boolean cancel;

  QueueReplay(Session session) {
    this.session = session;
  }

  /** Reads where a range begins. */
  static Position position(Session session, String text) {
    try {
      return session.position(text);
    } catch (IllegalArgumentException e) {
      throw CommandException.badInput("--from: " + e.getMessage(), e);
    }
  }

  static List<Map<String, Object>> documents(List<QueueRange> ranges) {
    return ranges.stream()
        .map(
            each ->
                JsonDocuments.of(
                    "topic", each.partition().topic(),
                    "partition", each.partition().partition(),
                    "kind", kind(each),
                    "from", each.from(),
                    "to", each.to(),
                    "reached", each.reached(),
                    "unsettled", each.unsettled()))
        .toList();
  }

  private static String kind(QueueRange range) {
    return range.backFill() ? "back-fill" : "replay";
  }

  static void print(Session session, List<QueueRange> ranges) {
    if (!ranges.isEmpty()) {
      Table table = new Table("RANGE", "PARTITION", "FROM", "TO", "REACHED", "UNSETTLED");
      ranges.forEach(
          each ->
              table.row(
                  kind(each),
                  each.partition(),
                  each.from(),
                  each.to(),
                  each.reached(),
                  each.unsettled()));
      table.print(session.terminal());
    }
  }

  @Override
  public void run() {
    if (cancel == (from != null)) {
      throw CommandException.badInput("--from: give it, or --cancel in its place");
    }
    if (cancel) {
      cancelAll();
      return;
    }
    Position position = position(session, from);
    try (TailraceClient client = session.connect()) {
      List<QueueRange> ranges = Session.await(client.admin().replayQueue(name, position));
      session.print(
          JsonDocuments.of("name", name, "ranges", documents(ranges)),
          () -> {
            if (ranges.isEmpty()) {
              session
                  .terminal()
                  .println(
                      "nothing to replay: the queue has delivered nothing from there on that is"
                          + " still kept (an inbox keeps no settled messages)");
            } else {
              session.terminal().println("replays queue " + name);
              print(session, ranges);
            }
          });
    }
  }

  private void cancelAll() {
    try (TailraceClient client = session.connect()) {
      int cancelled = Session.await(client.admin().cancelReplays(name));
      session.print(
          JsonDocuments.of("name", name, "cancelled", cancelled),
          () -> session.terminal().println("ended " + Quantities.counted(cancelled, "range")));
    }
  }
}

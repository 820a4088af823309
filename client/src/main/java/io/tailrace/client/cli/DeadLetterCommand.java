package io.tailrace.client.cli;

import io.tailrace.client.BrowsedMessage;
import io.tailrace.client.DeadLetterHeaders;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tailrace dlq}: looks into dead-letter queues, empties them, and sends messages back. */
@Command(
    name = "dlq",
    description = "Shows dead letters, drops them, or sends them back to their queues.",
    synopsisSubcommandLabel = "VERB",
    subcommands = {
      DeadLetterCommand.ListAll.class,
      DeadLetterCommand.Browse.class,
      RedriveCommand.class,
      DeadLetterCommand.Purge.class
    })
final class DeadLetterCommand implements Runnable {
  static final String QUEUE = "The queue whose dead letters are meant, or its dead-letter queue.";

  private static final Duration ARRIVES_WITHIN = Duration.ofSeconds(2);
  private static final Duration RETRY = Duration.ofMillis(20);

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a verb is missing");
  }

  /**
   * Finds the dead-letter queue of a queue. Waits a little while dead letters are on their way
   * there: what was rejected a moment ago is to be seen.
   */
  static QueueDescription find(TailraceClient client, String queue) {
    long giveUpNanos = System.nanoTime() + ARRIVES_WITHIN.toNanos();
    while (true) {
      boolean wait = System.nanoTime() < giveUpNanos && isSending(client, queue);
      try {
        QueueDescription found = Session.await(client.admin().deadLetterQueue(queue));
        if (!wait) {
          return found;
        }
      } catch (TailraceException e) {
        if (!wait || e.code() != ErrorCode.UNKNOWN_QUEUE) {
          throw e;
        }
      }
      LockSupport.parkNanos(RETRY.toNanos());
    }
  }

  private static boolean isSending(TailraceClient client, String queue) {
    try {
      QueueDescription source = Session.await(client.admin().describeQueue(queue));
      return source.deadLettersOf() == null
          && source.setAside() > 0
          && source.forwardProblem().isEmpty();
    } catch (TailraceException e) {
      return false; // the search for its dead-letter queue tells what is wrong
    }
  }

  @Command(
      name = "list",
      description = "Lists the dead-letter queues and what they hold.",
      footer = {"", "Example:", "  tailrace dlq list --json"})
  static final class ListAll implements Runnable {
    private final Session session;

    ListAll(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        List<QueueDescription> letters = Session.await(client.admin().listDeadLetterQueues());
        Map<UUID, String> names =
            Session.await(client.admin().listQueues()).stream()
                .collect(Collectors.toMap(QueueDescription::id, QueueDescription::name));
        session.print(
            letters.stream()
                .map(
                    each ->
                        JsonDocuments.of(
                            "name", each.name(),
                            "queue", names.get(each.deadLettersOf()),
                            "ready", each.ready(),
                            "inFlight", each.inFlight(),
                            "delayed", each.delayed(),
                            "setAside", each.setAside()))
                .toList(),
            () -> {
              Table table =
                  new Table("NAME", "QUEUE", "READY", "IN FLIGHT", "DELAYED", "SET ASIDE");
              letters.forEach(
                  each ->
                      table.row(
                          each.name(),
                          names.getOrDefault(each.deadLettersOf(), "(deleted)"),
                          each.ready(),
                          each.inFlight(),
                          each.delayed(),
                          each.setAside()));
              table.print(session.terminal());
            });
      }
    }
  }

  @Command(
      name = "browse",
      description = "Prints dead letters without taking them.",
      footer = {
        "",
        "Headers tell why a message died: " + DeadLetterHeaders.REASON + " and others.",
        "",
        "Example:",
        "  tailrace dlq browse mails --max 10 --format '%o %v %h\\n'"
      })
  static final class Browse implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "QUEUE", description = QUEUE)
    private String queue;

    @Option(names = "--max", paramLabel = "N", description = "How many at most; 1000 unless given.")
    private int max = 1_000;

    @Option(
        names = "--format",
        paramLabel = "FORMAT",
        description = "As in consume; '%v\\n' unless given.")
    private RecordFormat format = RecordFormat.parse(RecordFormat.DEFAULT);

    Browse(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      if (max < 1) {
        throw CommandException.badInput("--max: " + max + " is not at least 1");
      }
      try (TailraceClient client = session.connect()) {
        QueueDescription letters = find(client, queue);
        Session.await(client.admin().browseQueue(letters.name(), max)).forEach(this::print);
        session.terminal().flush();
      }
    }

    private void print(BrowsedMessage message) {
      if (session.json()) {
        Map<String, Object> document = JsonDocuments.record(message.record());
        document.put("state", message.state().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        document.put("failures", message.failures());
        session.terminal().println(Json.document(document));
      } else {
        format.write(message.record(), session.terminal());
      }
    }
  }

  @Command(
      name = "purge",
      description = "Drops the dead letters of a queue, but for those that consumers hold.",
      footer = {"", "Example:", "  tailrace dlq purge mails"})
  static final class Purge implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "QUEUE", description = QUEUE)
    private String queue;

    Purge(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        QueueDescription letters = find(client, queue);
        long purged = Session.await(client.admin().purgeQueue(letters.name()));
        session.print(
            JsonDocuments.of("name", letters.name(), "purged", purged),
            () -> session.terminal().println("purged " + Quantities.counted(purged, "message")));
      }
    }
  }
}

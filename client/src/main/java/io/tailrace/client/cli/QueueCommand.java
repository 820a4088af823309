package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.Position;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.QueueRange;
import io.tailrace.client.TailraceClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tailrace queue}: makes, binds, shows, empties and deletes queues, and receives. */
@Command(
    name = "queue",
    description = "Makes, binds, shows, empties and deletes queues, and receives from them.",
    synopsisSubcommandLabel = "VERB",
    subcommands = {
      QueueCommand.Create.class,
      QueueCommand.ListAll.class,
      QueueCommand.Describe.class,
      QueueCommand.Delete.class,
      QueueCommand.Bind.class,
      QueueCommand.Unbind.class,
      QueueReceive.class,
      QueueReplay.class,
      QueueCommand.Purge.class
    })
final class QueueCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a verb is missing");
  }

  @Command(
      name = "create",
      description = "Makes a queue; without --bind a work queue, which 'produce NAME' fills.",
      footer = {
        "",
        "Examples:",
        "  tailrace queue create mails --bind orders:eu.# --max-deliveries 3",
        "  tailrace queue create jobs"
      })
  static final class Create implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "Letters, digits, '.', '_' and '-'.")
    private String name;

    @Option(
        names = "--bind",
        paramLabel = "EXCHANGE[:KEY]",
        description = "An exchange and a binding key; may be repeated.")
    private List<String> bindings = new ArrayList<>();

    @Option(
        names = "--max-deliveries",
        paramLabel = "N",
        description = "The failure with this number makes a dead letter; 5 unless given.")
    private Integer maxDeliveries;

    @Option(
        names = "--backoff",
        paramLabel = "FIRST,FACTOR,MAX",
        description = "How long a failed message rests; 1s,2,5m unless given.")
    private String backoff;

    @Option(
        names = "--lock",
        paramLabel = "TIME",
        description = "How long a consumer may hold a message; 30s unless given.")
    private Duration lock;

    @Option(
        names = "--dead-letter",
        paramLabel = "EXCHANGE|none",
        description =
            "Where messages go that fail too often or are rejected, in place of NAME.dlq; none"
                + " drops them.")
    private String deadLetter;

    @Option(
        names = "--dead-letter-key",
        paramLabel = "K",
        description = "The routing key that they get at EXCHANGE; their own unless given.")
    private String deadLetterKey;

    @Option(
        names = "--message-ttl",
        paramLabel = "TIME",
        description = "A message that waits for so long becomes a dead letter.")
    private Duration messageTtl;

    @Option(
        names = "--max-length",
        paramLabel = "N",
        description = "With more ready messages on a partition, the oldest become dead letters.")
    private Long maxLength;

    @Option(
        names = "--expires",
        paramLabel = "TIME",
        description = "The queue is deleted when no consumer uses it for so long, at least 1s.")
    private Duration expires;

    @Option(
        names = "--retain",
        paramLabel = "TIME",
        description = "The queue's inbox keeps settled messages for so long, for replays.")
    private Duration retain;

    Create(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      Map<String, List<String>> byExchange = new LinkedHashMap<>();
      for (String binding : bindings) {
        int colon = binding.indexOf(':');
        byExchange
            .computeIfAbsent(
                colon < 0 ? binding : binding.substring(0, colon), key -> new ArrayList<>())
            .add(colon < 0 ? "" : binding.substring(colon + 1));
      }
      Queue queue = Queue.named(name);
      List<String> exchanges = new ArrayList<>(byExchange.keySet());
      if (!exchanges.isEmpty()) {
        String first = exchanges.get(0);
        queue = queue.bind(first, byExchange.get(first).toArray(String[]::new));
      }
      if (maxDeliveries != null) {
        if (maxDeliveries < 1) {
          throw CommandException.badInput(
              "--max-deliveries: " + maxDeliveries + " is not at least 1");
        }
        queue = queue.maxDeliveries(maxDeliveries);
      }
      if (backoff != null) {
        queue = withBackoff(queue);
      }
      if (lock != null) {
        queue = queue.lock(lock);
      }
      if (messageTtl != null) {
        if (messageTtl.isZero()) {
          throw CommandException.badInput("--message-ttl: must be longer than 0");
        }
        queue = queue.messageTtl(messageTtl);
      }
      if (maxLength != null) {
        if (maxLength < 1) {
          throw CommandException.badInput("--max-length: " + maxLength + " is not at least 1");
        }
        queue = queue.maxLength(maxLength);
      }
      if (expires != null) {
        if (expires.toMillis() < 1_000) {
          throw CommandException.badInput("--expires: must be at least 1s");
        }
        queue = queue.expires(expires);
      }
      if (retain != null) {
        if (retain.isZero()) {
          throw CommandException.badInput("--retain: must be longer than 0");
        }
        queue = queue.retain(retain);
      }
      if (deadLetter == null && deadLetterKey != null) {
        throw CommandException.badInput("--dead-letter-key: needs --dead-letter EXCHANGE");
      }
      if (deadLetter != null) {
        queue = queue.deadLetterTo(deadLetter, deadLetterKey == null ? "" : deadLetterKey);
      }
      try (TailraceClient client = session.connect()) {
        Session.await(client.admin().createQueue(queue));
        for (String exchange : exchanges.subList(Math.min(1, exchanges.size()), exchanges.size())) {
          Session.await(client.admin().bindQueue(name, exchange, byExchange.get(exchange)));
        }
        session.print(
            JsonDocuments.of("name", name, "bindings", bindings),
            () -> session.terminal().println("created queue " + name));
      }
    }

    private Queue withBackoff(Queue queue) {
      String[] parts = backoff.split(",", -1);
      try {
        if (parts.length != 3) {
          throw new IllegalArgumentException("has not three parts");
        }
        return queue.backoff(
            TimeText.duration(parts[0]), Double.parseDouble(parts[1]), TimeText.duration(parts[2]));
      } catch (IllegalArgumentException e) {
        throw CommandException.badInput(
            "--backoff: '" + backoff + "' is not like 1s,2,5m: " + e.getMessage(), e);
      }
    }
  }

  @Command(
      name = "list",
      description = "Lists the queues.",
      footer = {"", "Example:", "  tailrace queue list --json"})
  static final class ListAll implements Runnable {
    private final Session session;

    ListAll(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        List<QueueDescription> queues = Session.await(client.admin().listQueues());
        session.print(
            queues.stream()
                .map(each -> JsonDocuments.of("name", each.name(), "bindings", bindings(each)))
                .toList(),
            () -> {
              Table table = new Table("NAME", "BINDINGS");
              queues.forEach(each -> table.row(each.name(), each.bindings().size()));
              table.print(session.terminal());
            });
      }
    }
  }

  private static List<Map<String, Object>> bindings(QueueDescription queue) {
    return queue.bindings().stream()
        .map(each -> JsonDocuments.of("exchange", each.exchange(), "key", each.key()))
        .toList();
  }

  @Command(
      name = "describe",
      description = "Shows a queue's bindings and how many messages are in which state.",
      footer = {"", "Example:", "  tailrace queue describe mails --json"})
  static final class Describe implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The queue.")
    private String name;

    Describe(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        QueueDescription queue = Session.await(client.admin().describeQueue(name));
        long ageMs =
            queue.oldestUnsettledMs() == 0
                ? 0
                : Math.max(0, session.clock().millis() - queue.oldestUnsettledMs());
        session.print(
            JsonDocuments.of(
                "name", queue.name(),
                "queueId", queue.id(),
                "bindings", bindings(queue),
                "maxDeliveries", queue.maxDeliveries(),
                "lockMs", queue.lock().toMillis(),
                "ready", queue.ready(),
                "inFlight", queue.inFlight(),
                "delayed", queue.delayed(),
                "setAside", queue.setAside(),
                "expired", queue.expired(),
                "dropped", queue.dropped(),
                "forwardProblem", queue.forwardProblem().isEmpty() ? null : queue.forwardProblem(),
                "oldestUnsettledMs", ageMs,
                "blocked", !queue.bounds().isEmpty(),
                "bounds", queue.bounds(),
                "ranges", QueueReplay.documents(queue.ranges())),
            () -> {
              Table counts =
                  new Table("READY", "IN FLIGHT", "DELAYED", "SET ASIDE", "EXPIRED", "OLDEST MS");
              counts.row(
                  queue.ready(),
                  queue.inFlight(),
                  queue.delayed(),
                  queue.setAside(),
                  queue.expired(),
                  ageMs);
              counts.print(session.terminal());
              if (queue.dropped() > 0) {
                session
                    .terminal()
                    .println(
                        Quantities.counted(queue.dropped(), "message")
                            + " dropped in place of becoming dead letters");
              }
              if (!queue.forwardProblem().isEmpty()) {
                session
                    .terminal()
                    .println("dead letters wait to be forwarded: " + queue.forwardProblem());
              }
              queue
                  .bounds()
                  .forEach(bound -> session.terminal().println("messages wait, since " + bound));
              QueueReplay.print(session, queue.ranges());
              Table bound = new Table("EXCHANGE", "BINDING KEY");
              queue.bindings().forEach(each -> bound.row(each.exchange(), each.key()));
              bound.print(session.terminal());
            });
      }
    }
  }

  @Command(
      name = "delete",
      description = "Deletes a queue with what it holds.",
      footer = {"", "Example:", "  tailrace queue delete mails"})
  static final class Delete implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The queue.")
    private String name;

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        Session.await(client.admin().deleteQueue(name));
        session.print(
            JsonDocuments.of("name", name, "deleted", true),
            () -> session.terminal().println("deleted queue " + name));
      }
    }
  }

  @Command(
      name = "purge",
      description = "Drops the messages that are ready or delayed, not those that are held.",
      footer = {"", "Example:", "  tailrace queue purge mails"})
  static final class Purge implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The queue.")
    private String name;

    Purge(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        long purged = Session.await(client.admin().purgeQueue(name));
        session.print(
            JsonDocuments.of("name", name, "purged", purged),
            () -> session.terminal().println("purged " + Quantities.counted(purged, "message")));
      }
    }
  }

  @Command(
      name = "bind",
      description = "Binds a queue to an exchange, for what is published from now on, or earlier.",
      footer = {
        "",
        "Examples:",
        "  tailrace queue bind mails --exchange orders --binding-key us.#",
        "  tailrace queue bind mails --exchange orders --binding-key eu.# --from -1h"
      })
  static final class Bind implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The queue.")
    private String name;

    @Option(names = "--exchange", required = true, paramLabel = "E", description = "The exchange.")
    private String exchange;

    @Option(
        names = "--binding-key",
        paramLabel = "K",
        description = "May be repeated; the empty one unless given.")
    private List<String> keys = new ArrayList<>();

    @Option(
        names = "--from",
        paramLabel = "POSITION",
        description =
            "Delivers also what the exchange has from here on and older bindings did not match: now"
                + " (unless given), earliest, an offset or a time.")
    private String from = "now";

    Bind(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      if (from.equals("now")) {
        rebind(session, name, exchange, keys, true);
        return;
      }
      Position position = QueueReplay.position(session, from);
      List<String> all = keys.isEmpty() ? List.of("") : keys;
      try (TailraceClient client = session.connect()) {
        List<QueueRange> ranges =
            Session.await(client.admin().bindQueue(name, exchange, all, position));
        session.print(
            JsonDocuments.of(
                "name", name,
                "exchange", exchange,
                "keys", all,
                "bound", true,
                "ranges", QueueReplay.documents(ranges)),
            () -> {
              session.terminal().println("bound queue " + name + " to " + exchange);
              QueueReplay.print(session, ranges);
            });
      }
    }
  }

  @Command(
      name = "unbind",
      description = "Undoes a binding; what was published before stays in the queue.",
      footer = {
        "",
        "Example:",
        "  tailrace queue unbind mails --exchange orders --binding-key us.#"
      })
  static final class Unbind implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The queue.")
    private String name;

    @Option(names = "--exchange", required = true, paramLabel = "E", description = "The exchange.")
    private String exchange;

    @Option(
        names = "--binding-key",
        paramLabel = "K",
        description = "May be repeated; the empty one unless given.")
    private List<String> keys = new ArrayList<>();

    Unbind(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      rebind(session, name, exchange, keys, false);
    }
  }

  private static void rebind(
      Session session, String name, String exchange, List<String> keys, boolean bind) {
    List<String> all = keys.isEmpty() ? List.of("") : keys;
    try (TailraceClient client = session.connect()) {
      Admin admin = client.admin();
      Session.await(
          bind ? admin.bindQueue(name, exchange, all) : admin.unbindQueue(name, exchange, all));
      session.print(
          JsonDocuments.of("name", name, "exchange", exchange, "keys", all, "bound", bind),
          () ->
              session
                  .terminal()
                  .println(
                      (bind ? "bound queue " + name + " to " : "unbound queue " + name + " from ")
                          + exchange));
    }
  }
}

package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicDescription;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tailrace exchange}: makes, shows and deletes exchanges. */
@Command(
    name = "exchange",
    description = "Makes, shows and deletes exchanges: topics that queues are bound to by keys.",
    synopsisSubcommandLabel = "VERB",
    subcommands = {
      ExchangeCommand.Create.class,
      ExchangeCommand.ListAll.class,
      ExchangeCommand.Describe.class,
      ExchangeCommand.Delete.class
    })
final class ExchangeCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a verb is missing");
  }

  @Command(
      name = "create",
      description = "Makes an exchange.",
      footer = {"", "Example:", "  tailrace exchange create orders --type topic"})
  static final class Create implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "Letters, digits, '.', '_' and '-'.")
    private String name;

    @Option(
        names = "--type",
        required = true,
        paramLabel = "TYPE",
        description = "direct, fanout or topic.")
    private String type;

    @Option(
        names = "--partitions",
        paramLabel = "N",
        description = "How many partitions; 1 unless given, which keeps one order for all.")
    private int partitions = 1;

    @Option(
        names = "--replication-factor",
        paramLabel = "N",
        description = "Replicas of each partition; the broker's default unless given.")
    private Integer replicationFactor;

    @Option(
        names = "--config",
        paramLabel = "KEY=VALUE",
        description = "A setting of the exchange; a duration may be 7d, a size 64MiB.")
    private List<String> configs = new ArrayList<>();

    Create(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      if (!List.of("direct", "fanout", "topic").contains(type)) {
        throw CommandException.badInput("--type: '" + type + "' is not direct, fanout or topic");
      }
      if (partitions < 1) {
        throw CommandException.badInput("--partitions: " + partitions + " is not at least 1");
      }
      if (replicationFactor != null && replicationFactor < 1) {
        throw CommandException.badInput(
            "--replication-factor: " + replicationFactor + " is not at least 1");
      }
      try (TailraceClient client = session.connect()) {
        Session.await(
            client
                .admin()
                .createTopic(
                    Topic.named(name)
                        .type(type)
                        .partitions(partitions)
                        .replicationFactor(replicationFactor == null ? 0 : replicationFactor)
                        .configs(SettingText.parse("--config", configs))));
        session.print(
            JsonDocuments.of("name", name, "type", type, "partitionCount", partitions),
            () -> session.terminal().println("created exchange " + name + " of type " + type));
      }
    }
  }

  @Command(
      name = "list",
      description = "Lists the exchanges.",
      footer = {"", "Example:", "  tailrace exchange list"})
  static final class ListAll implements Runnable {
    private final Session session;

    ListAll(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        List<TopicDescription> exchanges =
            Session.await(client.admin().listTopics()).stream()
                .filter(topic -> !topic.type().equals("log"))
                .toList();
        session.print(
            exchanges.stream().map(JsonDocuments::topic).toList(),
            () -> {
              Table table = new Table("NAME", "TYPE", "PARTITIONS");
              exchanges.forEach(
                  each -> table.row(each.name(), each.type(), each.partitions().size()));
              table.print(session.terminal());
            });
      }
    }
  }

  @Command(
      name = "describe",
      description = "Shows an exchange's partitions, who leads them, and their offsets.",
      footer = {"", "Example:", "  tailrace exchange describe orders"})
  static final class Describe implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The exchange.")
    private String name;

    Describe(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        TopicReport report = TopicReport.of(client.admin(), name);
        session.print(report.document(), () -> report.print(session.terminal()));
      }
    }
  }

  @Command(
      name = "delete",
      description = "Deletes an exchange and all its records.",
      footer = {"", "Example:", "  tailrace exchange delete orders"})
  static final class Delete implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The exchange.")
    private String name;

    @Option(names = "--force", description = "Also when queues are bound to it.")
    private boolean force;

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        Admin admin = client.admin();
        Session.await(force ? admin.forceDeleteTopic(name) : admin.deleteTopic(name));
        session.print(
            JsonDocuments.of("name", name, "deleted", true),
            () -> session.terminal().println("deleted exchange " + name));
      }
    }
  }
}

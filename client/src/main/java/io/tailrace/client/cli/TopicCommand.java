package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.ConfigResource;
import io.tailrace.client.CreatedTopic;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicDescription;
import io.tailrace.protocol.error.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tailrace topic}: makes, shows, changes and deletes topics. */
@Command(
    name = "topic",
    description = "Makes, shows, changes and deletes topics.",
    synopsisSubcommandLabel = "VERB",
    subcommands = {
      TopicCommand.Create.class,
      TopicCommand.ListAll.class,
      TopicCommand.Describe.class,
      TopicCommand.Alter.class,
      TopicCommand.Delete.class,
      TopicVerify.class,
      DeleteRecordsCommand.class
    })
final class TopicCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a verb is missing");
  }

  @Command(
      name = "create",
      description = "Makes a topic.",
      footer = {
        "",
        "Example:",
        "  tailrace topic create orders --partitions 6 --config retention.ms=7d"
      })
  static final class Create implements Runnable {
    /** How long ZooKeeper may take for the largest topics, and more. */
    private static final Duration MADE_WITHIN = Duration.ofMinutes(2);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(200);

    private final Session session;

    @Parameters(paramLabel = "NAME", description = "Letters, digits, '.', '_' and '-'.")
    private String name;

    @Option(
        names = "--partitions",
        paramLabel = "N",
        description = "How many partitions; the broker's default.partitions unless given.")
    private Integer partitions;

    @Option(
        names = "--replication-factor",
        paramLabel = "N",
        description =
            "How many brokers keep each; the broker's default.replication.factor unless given.")
    private Integer replicationFactor;

    @Option(
        names = "--type",
        paramLabel = "TYPE",
        completionCandidates = Candidates.TopicTypes.class,
        description = "log (unless given), or an exchange: direct, fanout, topic.")
    private String type = "log";

    @Option(
        names = "--config",
        paramLabel = "KEY=VALUE",
        description = "A setting of the topic; a duration may be 7d, a size 64MiB.")
    private List<String> configs = new ArrayList<>();

    @Option(
        names = "--if-not-exists",
        description = "Do nothing, with exit code 0, when there is a topic of that name.")
    private boolean ifNotExists;

    Create(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      Topic topic =
          Topic.named(name)
              .type(type)
              .partitions(atLeastOne("--partitions", partitions))
              .replicationFactor(atLeastOne("--replication-factor", replicationFactor))
              .configs(SettingText.parse("--config", configs));
      try (TailraceClient client = session.connect()) {
        CreatedTopic created = create(client.admin(), topic);
        if (created == null) {
          printExisting(Session.await(client.admin().describeTopic(name)));
          return;
        }
        session.print(
            JsonDocuments.of(
                "name", created.name(),
                "topicId", created.id(),
                "type", type,
                "partitionCount", created.partitions(),
                "replicationFactor", created.replicationFactor()),
            () ->
                session
                    .terminal()
                    .println(
                        "created topic "
                            + created.name()
                            + ": "
                            + Quantities.counted(created.partitions(), "partition")
                            + ", replication factor "
                            + created.replicationFactor()));
      }
    }

    /** Returns null when the topic exists already, and may. */
    private CreatedTopic create(Admin admin, Topic topic) {
      TopicCreation creation =
          new TopicCreation(
              asked -> Session.await(admin.createTopic(asked)),
              () -> Session.await(admin.describeTopic(name)),
              System::nanoTime,
              () -> LockSupport.parkNanos(LOOK_AGAIN.toNanos()));
      try {
        return creation.create(topic, MADE_WITHIN.toNanos());
      } catch (TailraceException e) {
        if (ifNotExists && e.code() == ErrorCode.TOPIC_EXISTS) {
          return null;
        }
        throw e;
      }
    }

    /**
     * Says how the topic differs from the one that was asked for; its settings are not compared.
     */
    private void printExisting(TopicDescription existing) {
      int existingPartitions = existing.partitions().size();
      if (partitions != null && partitions != existingPartitions) {
        session
            .terminal()
            .err()
            .println(
                "tailrace: topic "
                    + name
                    + " exists already with "
                    + Quantities.counted(existingPartitions, "partition")
                    + ", not "
                    + partitions);
      }
      session.print(
          JsonDocuments.of(
              "name", existing.name(),
              "topicId", existing.id(),
              "type", existing.type(),
              "partitionCount", existingPartitions,
              "replicationFactor", existing.replicationFactor()),
          () -> session.terminal().println("topic " + name + " exists already"));
    }
  }

  @Command(
      name = "list",
      description = "Lists the topics.",
      footer = {"", "Example:", "  tailrace topic list --json"})
  static final class ListAll implements Runnable {
    private static final String INTERNAL_PREFIX = "__";

    private final Session session;

    @Option(names = "--internal", description = "Show the topics that brokers keep state in, too.")
    private boolean internal;

    ListAll(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        List<TopicDescription> topics =
            Session.await(client.admin().listTopics()).stream()
                .filter(topic -> internal || !topic.name().startsWith(INTERNAL_PREFIX))
                .toList();
        session.print(
            topics.stream().map(JsonDocuments::topic).toList(),
            () -> {
              Table table = new Table("NAME", "TYPE", "PARTITIONS", "REPLICAS");
              topics.forEach(
                  topic ->
                      table.row(
                          topic.name(),
                          topic.type(),
                          topic.partitions().size(),
                          topic.replicationFactor()));
              table.print(session.terminal());
            });
      }
    }
  }

  @Command(
      name = "describe",
      description = "Shows a topic's partitions, who leads them, and their offsets.",
      footer = {"", "Example:", "  tailrace topic describe orders"})
  static final class Describe implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The topic.")
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
      name = "alter",
      description = "Gives a topic more partitions, or changes its settings.",
      footer = {
        "",
        "Records of one key may be in another partition once there are more of them.",
        "",
        "Example:",
        "  tailrace topic alter orders --partitions 12 --config retention.ms=12h"
      })
  static final class Alter implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The topic.")
    private String name;

    @Option(
        names = "--partitions",
        paramLabel = "N",
        description = "The new number of partitions, larger than the present one.")
    private Integer partitions;

    @Option(
        names = "--config",
        paramLabel = "KEY=VALUE",
        description = "A setting; with nothing behind the = it goes back to its default.")
    private List<String> configs = new ArrayList<>();

    Alter(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      Map<String, String> changes = SettingText.parse("--config", configs);
      if (partitions == null && changes.isEmpty()) {
        throw CommandException.badInput(
            "there is nothing to alter; give --partitions N or --config KEY=VALUE");
      }
      int newPartitions = atLeastOne("--partitions", partitions);
      try (TailraceClient client = session.connect()) {
        Admin admin = client.admin();
        if (!changes.isEmpty()) {
          Session.await(admin.alterConfigs(ConfigResource.topic(name), changes));
        }
        if (newPartitions > 0) {
          addPartitions(admin, newPartitions, !changes.isEmpty());
        }
        session.print(
            JsonDocuments.of(
                "name",
                name,
                "partitionCount",
                newPartitions > 0 ? newPartitions : null,
                "config",
                changes),
            () -> session.terminal().println("altered topic " + name));
      }
    }

    /**
     * Partitions cannot be taken away again, so settings, which are refused more often, go first.
     */
    private void addPartitions(Admin admin, int count, boolean settingsChanged) {
      try {
        Session.await(admin.alterTopic(name, count));
      } catch (TailraceException e) {
        if (!settingsChanged) {
          throw e;
        }
        throw CommandException.refused(
            ErrorReport.explain(e) + "; its settings have been changed", e);
      }
    }
  }

  @Command(
      name = "delete",
      description = "Deletes a topic and all its records.",
      footer = {"", "Example:", "  tailrace topic delete orders"})
  static final class Delete implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The topic.")
    private String name;

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        Session.await(client.admin().deleteTopic(name));
        session.print(
            JsonDocuments.of("name", name, "deleted", true),
            () -> session.terminal().println("deleted topic " + name));
      }
    }
  }

  /** 0 = not given. */
  private static int atLeastOne(String flag, Integer value) {
    if (value != null && value < 1) {
      throw CommandException.badInput(flag + ": " + value + " is not at least 1");
    }
    return value == null ? 0 : value;
  }
}

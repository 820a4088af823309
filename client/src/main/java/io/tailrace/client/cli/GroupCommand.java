package io.tailrace.client.cli;

import io.tailrace.client.GroupSummary;
import io.tailrace.client.TailraceClient;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tailrace group}: shows, resets and deletes consumer groups. */
@Command(
    name = "group",
    description = "Shows, resets and deletes consumer groups.",
    synopsisSubcommandLabel = "VERB",
    subcommands = {
      GroupCommand.ListAll.class,
      GroupCommand.Describe.class,
      GroupCommand.Reset.class,
      GroupCommand.Delete.class
    })
final class GroupCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a verb is missing");
  }

  @Command(
      name = "list",
      description = "Lists the consumer groups.",
      footer = {"", "Example:", "  tailrace group list"})
  static final class ListAll implements Runnable {
    private final Session session;

    ListAll(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        List<GroupSummary> groups = Session.await(client.admin().listGroups());
        session.print(
            groups.stream()
                .map(
                    group ->
                        JsonDocuments.of(
                            "group", group.name(),
                            "state", group.state(),
                            "memberCount", group.members(),
                            "assignor", group.assignor().isEmpty() ? null : group.assignor()))
                .toList(),
            () -> {
              Table table = new Table("GROUP", "STATE", "MEMBERS", "ASSIGNOR");
              groups.forEach(
                  group ->
                      table.row(
                          group.name(),
                          group.state(),
                          group.members(),
                          group.assignor().isEmpty() ? null : group.assignor()));
              table.print(session.terminal());
            });
      }
    }
  }

  @Command(
      name = "describe",
      description = "Shows a group's members, its committed offsets, and how far it lags behind.",
      footer = {"", "Example:", "  tailrace group describe billing"})
  static final class Describe implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "GROUP", description = "The group.")
    private String group;

    Describe(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        GroupReport report = GroupReport.of(client, group, session.clock().millis());
        session.print(report.document(), () -> report.print(session.terminal()));
      }
    }
  }

  @Command(
      name = "reset",
      description = {
        "Sets the committed offsets of a group that has no members.",
        "",
        "With --dry-run it says what it would do, and does nothing."
      },
      footer = {
        "",
        "TO is earliest, latest, an offset, a time (2026-11-01T08:30), a time before now (-1h),",
        "or a number of records from where the group stands: +10, -10.",
        "",
        "Example:",
        "  tailrace group reset billing --topic orders --to earliest --dry-run"
      })
  static final class Reset implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "GROUP", description = "The group.")
    private String group;

    @Option(names = "--topic", paramLabel = "TOPIC", required = true, description = "The topic.")
    private String topic;

    @Option(names = "--to", paramLabel = "TO", required = true, description = "Where to.")
    private String to;

    @Option(names = "--dry-run", description = "Only say what would be done.")
    private boolean dryRun;

    Reset(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      GroupReset reset = GroupReset.parse(session, group, topic, to);
      try (TailraceClient client = session.connect(topic)) {
        reset.find(client.admin());
        if (!dryRun) {
          Session.await(client.admin().setGroupOffsets(group, reset.offsets()));
        }
        session.print(reset.document(dryRun), () -> reset.print(session.terminal(), dryRun));
      }
    }
  }

  @Command(
      name = "delete",
      description = "Deletes a group that has no members, and its committed offsets.",
      footer = {"", "Example:", "  tailrace group delete billing"})
  static final class Delete implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "GROUP", description = "The group.")
    private String group;

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        Session.await(client.admin().deleteGroup(group));
        session.print(
            JsonDocuments.of("group", group, "deleted", true),
            () -> session.terminal().println("deleted group " + group));
      }
    }
  }
}

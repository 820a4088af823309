package io.tailrace.client.cli;

import io.tailrace.client.ConfigResource;
import io.tailrace.client.ConfigSetting;
import io.tailrace.client.TailraceClient;
import io.tailrace.protocol.error.Spelling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tailrace config}: shows and changes settings of topics and brokers. */
@Command(
    name = "config",
    description = "Shows and changes settings of topics and brokers.",
    synopsisSubcommandLabel = "VERB",
    subcommands = {ConfigCommand.Get.class, ConfigCommand.Set.class})
final class ConfigCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a verb is missing");
  }

  private static ConfigResource resource(String type, String name) {
    if (!type.equals("topic") && !type.equals("broker")) {
      throw CommandException.badInput("'" + type + "' has no settings; say topic or broker");
    }
    return new ConfigResource(type, name);
  }

  @Command(
      name = "get",
      description = "Shows settings with their values and who decided them.",
      footer = {
        "",
        "Examples:",
        "  tailrace config get topic orders",
        "  tailrace config get broker 0 log.flush log.retention.ms"
      })
  static final class Get implements Runnable {
    private final Session session;

    @Parameters(index = "0", paramLabel = "topic|broker", description = "What has the settings.")
    private String type;

    @Parameters(
        index = "1",
        paramLabel = "NAME",
        description = "The topic's name or the broker's id.")
    private String name;

    @Parameters(
        index = "2..*",
        paramLabel = "KEY",
        arity = "0..*",
        description = "Only these settings.")
    private List<String> keys = new ArrayList<>();

    Get(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      ConfigResource resource = resource(type, name);
      try (TailraceClient client = session.connect()) {
        List<ConfigSetting> all = Session.await(client.admin().describeConfigs(resource));
        List<String> names = all.stream().map(ConfigSetting::name).toList();
        for (String key : keys) {
          if (!names.contains(key)) {
            String closest = Spelling.closest(key, names);
            throw CommandException.badInput(
                "a "
                    + type
                    + " has no setting "
                    + key
                    + (closest == null
                        ? "; leave it out to see them all"
                        : "; did you mean " + closest + "?"));
          }
        }
        List<ConfigSetting> shown =
            all.stream()
                .filter(setting -> keys.isEmpty() || keys.contains(setting.name()))
                .toList();
        session.print(JsonDocuments.configs(resource, shown), () -> print(shown));
      }
    }

    private void print(List<ConfigSetting> settings) {
      Table table = new Table("KEY", "VALUE", "SOURCE", "CHANGEABLE");
      for (ConfigSetting setting : settings) {
        table.row(
            setting.name(),
            setting.value(),
            setting.source(),
            setting.readOnly() ? "at start" : "while running");
      }
      table.print(session.terminal());
    }
  }

  @Command(
      name = "set",
      description =
          "Changes settings while running; with nothing behind the = back to the default.",
      footer = {
        "",
        "Examples:",
        "  tailrace config set topic orders retention.ms=7d segment.bytes=256MiB",
        "  tailrace config set broker default log.flush=ack",
      })
  static final class Set implements Runnable {
    private final Session session;

    @Parameters(index = "0", paramLabel = "topic|broker", description = "What has the settings.")
    private String type;

    @Parameters(
        index = "1",
        paramLabel = "NAME",
        description = "The topic's name, the broker's id, or default for all brokers.")
    private String name;

    @Parameters(
        index = "2..*",
        paramLabel = "KEY=VALUE",
        arity = "1..*",
        description = "The new values.")
    private List<String> settings;

    Set(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      ConfigResource resource = resource(type, name);
      Map<String, String> changes = SettingText.parse(name, settings);
      try (TailraceClient client = session.connect()) {
        Session.await(client.admin().alterConfigs(resource, changes));
        session.print(
            JsonDocuments.of("type", type, "name", name, "changed", changes),
            () ->
                changes.forEach(
                    (key, value) ->
                        session
                            .terminal()
                            .println(
                                value.isEmpty()
                                    ? key + " of " + resource + " is its default again"
                                    : key + " of " + resource + " is now " + value)));
      }
    }
  }
}

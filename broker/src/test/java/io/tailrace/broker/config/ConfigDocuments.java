package io.tailrace.broker.config;

import java.util.Set;

/** Writes the files that are generated from the keys. */
final class ConfigDocuments {
  /** What most people set; these lines are not commented out. */
  private static final Set<ConfigKey<?>> COMMON =
      Set.of(
          BrokerKeys.BROKER_ID,
          BrokerKeys.LISTENER,
          BrokerKeys.HTTP_LISTENER,
          BrokerKeys.DATA_DIR,
          BrokerKeys.ZOOKEEPER_CONNECT);

  private static final int LINE_LENGTH = 96;

  private ConfigDocuments() {}

  static String brokerProperties() {
    StringBuilder out = new StringBuilder();
    out.append(
            "# The settings of a broker, as bin/broker start reads them. What is commented out\n")
        .append("# shows the default. bin/broker start --set KEY=VALUE wins over this file.\n");
    for (ConfigKey<?> key : BrokerKeys.SCHEMA.keys()) {
      out.append('\n');
      comment(out, key.documentation());
      comment(out, capitalized(allowed(key)) + ".");
      if (!COMMON.contains(key)) {
        out.append('#');
      }
      out.append(key.name()).append('=').append(key.defaultText()).append('\n');
    }
    return out.toString();
  }

  static String referencePage() {
    StringBuilder out = new StringBuilder();
    out.append("# Configuration\n\n")
        .append("Generated from the keys in `io.tailrace.broker.config`; do not edit by hand.\n\n")
        .append("## Brokers\n\n")
        .append("A broker reads `config/broker.properties` (or `--config FILE`), then the\n")
        .append(
            "environment variable `TAILRACE_DATA_DIR`, then `--set KEY=VALUE`; the later ones\n")
        .append("win. It refuses to start when anything is wrong, and says everything at once.\n")
        .append("Keys marked *dynamic* can also be changed while it runs:\n\n")
        .append("```\n")
        .append("bin/tailrace config set broker 0 log.retention.ms=86400000\n")
        .append("bin/tailrace config get broker 0\n")
        .append("```\n\n");
    table(out, BrokerKeys.SCHEMA, true);
    out.append("\n## Topics\n\n")
        .append("A topic takes these from its brokers (the key with `log.` in front, or of the\n")
        .append("same name; only topics have an `owner` and the keys of compaction) unless they\n")
        .append("are set for the topic itself, at any time:\n\n")
        .append("```\n")
        .append("bin/tailrace topic create orders --config retention.ms=86400000\n")
        .append("bin/tailrace config set topic orders retention.ms=3600000\n")
        .append("bin/tailrace config set topic orders retention.ms=       # the broker's again\n")
        .append("```\n\n");
    table(out, TopicKeys.SCHEMA, false);
    return out.toString();
  }

  private static void table(StringBuilder out, ConfigSchema schema, boolean withDynamic) {
    out.append("| key | value | default |").append(withDynamic ? " |" : "").append(" meaning |\n");
    out.append("|---|---|---|").append(withDynamic ? "---|" : "").append("---|\n");
    for (ConfigKey<?> key : schema.keys()) {
      out.append("| `").append(key.name()).append("` | ").append(allowed(key)).append(" | ");
      out.append(key.defaultText().isEmpty() ? "empty" : "`" + key.defaultText() + "`");
      if (withDynamic) {
        out.append(" | ").append(key.dynamic() ? "dynamic" : "");
      }
      out.append(" | ").append(key.documentation()).append(" |\n");
    }
  }

  private static String allowed(ConfigKey<?> key) {
    String constraint = key.constraint().description();
    if (key.type().equals(ConfigType.TEXT) && !constraint.isEmpty()) {
      return constraint;
    }
    return key.type().name() + (constraint.isEmpty() ? "" : ", " + constraint);
  }

  private static String capitalized(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }

  private static void comment(StringBuilder out, String text) {
    StringBuilder line = new StringBuilder("#");
    for (String word : text.split(" ", -1)) {
      if (line.length() + 1 + word.length() > LINE_LENGTH) {
        out.append(line).append('\n');
        line = new StringBuilder("#");
      }
      line.append(' ').append(word);
    }
    out.append(line).append('\n');
  }
}

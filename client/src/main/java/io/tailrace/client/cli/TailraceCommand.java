package io.tailrace.client.cli;

import io.tailrace.client.Acks;
import io.tailrace.client.Position;
import io.tailrace.protocol.record.CompressionType;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The {@code tailrace} program: reads its arguments and runs one verb. */
@Command(
    name = "tailrace",
    description = "Works with a Tailrace cluster: topics, records, settings.",
    mixinStandardHelpOptions = true,
    versionProvider = TailraceCommand.Version.class,
    synopsisSubcommandLabel = "NOUN VERB",
    sortOptions = false,
    scope = ScopeType.INHERIT,
    optionListHeading = "%nOptions:%n",
    commandListHeading = "%nCommands:%n")
public final class TailraceCommand implements Runnable {
  private static final int USAGE_WIDTH = 100;

  /** Every noun, in the order of the help text. */
  private static final Map<String, Class<?>> NOUNS = new LinkedHashMap<>();

  static {
    NOUNS.put("topic", TopicCommand.class);
    NOUNS.put("produce", ProduceCommand.class);
    NOUNS.put("consume", ConsumeCommand.class);
    NOUNS.put("replay", ReplayCommand.class);
    NOUNS.put("group", GroupCommand.class);
    NOUNS.put("exchange", ExchangeCommand.class);
    NOUNS.put("publish", PublishCommand.class);
    NOUNS.put("queue", QueueCommand.class);
    NOUNS.put("dlq", DeadLetterCommand.class);
    NOUNS.put("cluster", ClusterCommand.class);
    NOUNS.put("config", ConfigCommand.class);
    NOUNS.put("perf", PerfCommand.class);
    NOUNS.put("completion", CompletionCommand.class);
  }

  private final Session session;

  @Spec private CommandLine.Model.CommandSpec spec;

  TailraceCommand(Session session) {
    this.session = session;
  }

  @Option(
      names = "--bootstrap",
      paramLabel = "HOST:PORT,...",
      scope = ScopeType.INHERIT,
      description = "Brokers to ask first; else $TAILRACE_BOOTSTRAP, else localhost:7092.")
  void setBootstrap(String bootstrap) {
    session.setBootstrap(bootstrap);
  }

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      scope = ScopeType.INHERIT,
      description = "How long a broker may take to answer; 10s unless given.")
  void setTimeout(Duration timeout) {
    if (timeout.isZero()) {
      throw new ParameterException(spec.commandLine(), "--timeout: must be longer than 0");
    }
    session.setTimeout(timeout);
  }

  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      description = "Print JSON for programs instead of tables for people.")
  void setJson(boolean json) {
    session.setJson(json);
  }

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Log to standard error, and print errors in full.")
  void setDebug(boolean debug) {
    session.setDebug(debug);
  }

  /** Without a noun there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  /** Runs the program and ends the process. */
  public static void main(String[] arguments) {
    boolean debug = Arrays.asList(arguments).contains("--debug");
    if (!debug) {
      // A log would not be read, and setting one up would take as long as all the rest.
      System.setProperty("slf4j.internal.verbosity", "WARN");
      System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
    }
    Terminal terminal = Terminal.ofProcess();
    Session session =
        new Session(terminal, Clock.systemUTC(), ZoneId::systemDefault, System.getenv());
    Runtime.getRuntime().addShutdownHook(new Thread(session::tellInterrupted, "interrupted"));
    System.exit(run(session, System.getProperty("tailrace.arguments"), arguments));
  }

  /**
   * Runs the program with arguments that may be encoded; returns the exit code.
   *
   * @param charset see {@link EncodedArguments#decode}
   */
  static int run(Session session, String charset, String[] arguments) {
    try {
      return run(session, EncodedArguments.decode(charset, arguments));
    } catch (CommandException e) {
      return new ErrorReport(session).report(e);
    }
  }

  /** Runs the program; returns the exit code. */
  static int run(Session session, String... arguments) {
    try {
      boolean asksForVersion = arguments.length == 1 && arguments[0].equals("--version");
      if (asksForVersion) {
        session.terminal().println(Version.line());
      }
      int exitCode =
          asksForVersion
              ? ExitCode.DONE
              : commandLine(session, nounOf(arguments)).execute(arguments);
      session.terminal().flush();
      return exitCode;
    } catch (RuntimeException e) {
      return new ErrorReport(session).report(e);
    }
  }

  /** The noun of a call; null when none is found, or when all of them are wanted. */
  private static String nounOf(String... arguments) {
    for (String argument : arguments) {
      if (NOUNS.containsKey(argument)) {
        return argument.equals("completion") ? null : argument;
      }
      if (!argument.equals("--json") && !argument.equals("--debug")) {
        return null; // it may be an option whose value is spelt like a noun
      }
    }
    return null;
  }

  /**
   * The program, for the session to be run in.
   *
   * @param noun the only one that it needs to know, which halves the time to set it up; null = all
   */
  static CommandLine commandLine(Session session, String noun) {
    ErrorReport errors = new ErrorReport(session);
    CommandLine.IFactory factory = new CommandFactory(session);
    CommandLine commandLine = new CommandLine(new TailraceCommand(session), factory);
    NOUNS.forEach(
        (name, type) -> {
          if (noun == null || noun.equals(name)) {
            commandLine.addSubcommand(name, new CommandLine(type, factory));
          }
        });
    commandLine
        .registerConverter(Duration.class, explained(TimeText::duration))
        .registerConverter(Position.class, explained(text -> session.position(text)))
        .registerConverter(Acks.class, explained(TailraceCommand::acks))
        .registerConverter(CompressionType.class, explained(TailraceCommand::compression))
        .registerConverter(RecordFormat.class, explained(RecordFormat::parse))
        .registerConverter(ProduceCommand.Input.class, explained(ProduceCommand.Input::parse))
        .registerConverter(Rate.class, explained(Rate::parse))
        .registerConverter(Integer.class, explained(text -> number(text, Integer::valueOf)))
        .registerConverter(int.class, explained(text -> number(text, Integer::valueOf)))
        .registerConverter(Long.class, explained(text -> number(text, Long::valueOf)))
        .registerConverter(long.class, explained(text -> number(text, Long::valueOf)))
        .setExpandAtFiles(false) // a key may begin with @
        .setUsageHelpWidth(USAGE_WIDTH)
        .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
        .setOut(new TerminalWriter(session.terminal()))
        .setParameterExceptionHandler(errors)
        .setExecutionExceptionHandler(errors);
    return commandLine;
  }

  private static <T> ITypeConverter<T> explained(Function<String, T> parser) {
    return new ExplainedConverter<>(parser);
  }

  private static <N> N number(String text, Function<String, N> parser) {
    try {
      return parser.apply(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is not a whole number in range", e);
    }
  }

  private static Acks acks(String text) {
    return switch (text) {
      case "0" -> Acks.NONE;
      case "1" -> Acks.LEADER;
      case "all", "-1" -> Acks.ALL;
      default -> throw new IllegalArgumentException("'" + text + "' is not 0, 1 or all");
    };
  }

  private static CompressionType compression(String text) {
    for (CompressionType type : CompressionType.values()) {
      if (type.label().equals(text.toLowerCase(Locale.ROOT))) {
        return type;
      }
    }
    throw new IllegalArgumentException("'" + text + "' is not none, gzip, snappy, lz4 or zstd");
  }

  /**
   * Says what is wrong with an argument in the words of its parser. Not a lambda: its mere presence
   * would keep the library's old converters out of the archive that the program starts from.
   */
  private static final class ExplainedConverter<T> implements ITypeConverter<T> {
    private final Function<String, T> parser;

    ExplainedConverter(Function<String, T> parser) {
      this.parser = parser;
    }

    @Override
    public T convert(String text) {
      try {
        return parser.apply(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** The version that the build has stamped into the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {line()};
    }

    static String line() {
      String version = TailraceCommand.class.getPackage().getImplementationVersion();
      return "tailrace " + (version == null ? "(not built into a jar)" : version);
    }
  }
}

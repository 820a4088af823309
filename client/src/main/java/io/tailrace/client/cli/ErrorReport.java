package io.tailrace.client.cli;

import io.tailrace.client.CorruptRecordsException;
import io.tailrace.client.TailraceException;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns what went wrong into one line on standard error and an exit code; a stack trace only when
 * debugging.
 */
final class ErrorReport implements IParameterExceptionHandler, IExecutionExceptionHandler {
  private final Session session;

  ErrorReport(Session session) {
    this.session = session;
  }

  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    print(explain(e) + "; see " + command + " --help");
    trace(e);
    return ExitCode.BAD_USAGE;
  }

  @Override
  public int handleExecutionException(
      Exception e, CommandLine commandLine, ParseResult parseResult) {
    if (e instanceof ParameterException wrong) {
      return handleParseException(wrong, new String[0]);
    }
    return report(e);
  }

  /** Says what went wrong; returns the exit code. */
  int report(Exception e) {
    if (e instanceof Terminal.ClosedOutputException) {
      return ExitCode.DONE;
    }
    int exitCode = ExitCode.REFUSED;
    if (e instanceof CommandException known) {
      print(known.getMessage());
      exitCode = known.exitCode();
    } else if (e instanceof TailraceException refused) {
      print(explain(refused));
      exitCode = exitCode(refused);
    } else if (e instanceof IllegalArgumentException wrong) {
      print(wrong.getMessage());
      exitCode = ExitCode.BAD_USAGE;
    } else {
      print("unexpected error: " + e + (session.debug() ? "" : "; --debug shows more"));
    }
    trace(e);
    return exitCode;
  }

  private static int exitCode(TailraceException e) {
    return switch (e.code()) {
      case INVALID_TOPIC_NAME, INVALID_CONFIG -> ExitCode.BAD_USAGE;
      default -> ExitCode.REFUSED;
    };
  }

  /** The message of a broker or of the client, with advice if there is any. */
  static String explain(TailraceException e) {
    String message = e.getMessage() == null ? e.code().meaning() : e.getMessage();
    String mend =
        switch (e.code()) {
          case UNKNOWN_TOPIC -> "tailrace topic list shows what there is";
          case UNKNOWN_PARTITION -> "tailrace topic describe shows the partitions";
          case OFFSET_OUT_OF_RANGE ->
              "tailrace topic describe shows the offsets; --from earliest takes the oldest there"
                  + " is";
          case CORRUPT_LOG ->
              e instanceof CorruptRecordsException
                  ? "--skip-corrupt goes on behind what cannot be read"
                  : null;
          case RECORD_TOO_LARGE, BATCH_TOO_LARGE ->
              message.contains("max.message.bytes")
                  ? "tailrace config set topic NAME max.message.bytes=N changes what the topic"
                      + " takes"
                  : null;
          default -> null;
        };
    return mend == null ? message : message + "; " + mend;
  }

  private static String explain(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched) {
      return explain(unmatched);
    }
    if (e instanceof MissingParameterException missing) {
      return missing.getMissing().stream().map(ErrorReport::label).collect(Collectors.joining(", "))
          + (missing.getMissing().size() == 1 ? " is missing" : " are missing");
    }
    if (e.getArgSpec() != null && e.getCause() instanceof TypeConversionException wrong) {
      return label(e.getArgSpec()) + ": " + wrong.getMessage();
    }
    return e.getMessage();
  }

  private static String explain(UnmatchedArgumentException e) {
    String first = e.getUnmatched().get(0);
    List<String> suggestions = e.getSuggestions();
    String mend = suggestions.isEmpty() ? "" : "; did you mean " + suggestions.get(0) + "?";
    return first.startsWith("-")
        ? "there is no option " + first + mend
        : "'" + first + "' is not understood here" + mend;
  }

  private static String label(ArgSpec argument) {
    return argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
  }

  private void print(String message) {
    session.terminal().err().println("tailrace: " + message.strip().replaceAll("\\s*\\R\\s*", " "));
  }

  private void trace(Exception e) {
    if (session.debug()) {
      e.printStackTrace(session.terminal().err());
    }
  }
}

package io.tailrace.client.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * {@code tailrace completion}: prints the script with which a shell completes commands and flags.
 */
@Command(
    name = "completion",
    description = "Prints a script with which bash and zsh complete commands and flags.",
    footer = {"", "Example:", "  source <(tailrace completion)"})
final class CompletionCommand implements Runnable {
  private final Session session;

  @Spec private CommandSpec spec;

  CompletionCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    session.terminal().println(AutoComplete.bash("tailrace", spec.root().commandLine()).strip());
    session.terminal().flush();
  }
}

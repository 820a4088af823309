package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tailrace topic delete-records}: deletes the oldest records of a partition. */
@Command(
    name = "delete-records",
    description = "Deletes the oldest records of a partition.",
    footer = {
      "",
      "The records cannot be read any more at once; their space is freed segment by segment.",
      "",
      "Examples:",
      "  tailrace topic delete-records orders --partition 3 --before 1871",
      "  tailrace topic delete-records orders --partition 3 --before -7d"
    })
final class DeleteRecordsCommand implements Runnable {
  private final Session session;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "NAME", description = "The topic.")
  private String name;

  @Option(names = "--partition", paramLabel = "N", required = true, description = "The partition.")
  private int partition;

  private Position before;

  @Option(
      names = "--before",
      paramLabel = "POSITION",
      required = true,
      description = "The first record that stays: an offset, a time, or latest for none.")
  void setBefore(String text) {
    try {
      before = session.position(text);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--before: " + e.getMessage(), e);
    }
  }

  DeleteRecordsCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    if (partition < 0) {
      throw CommandException.badInput("--partition: " + partition + " is negative");
    }
    TopicPartition wanted = new TopicPartition(name, partition);
    try (TailraceClient client = session.connect(name)) {
      Admin admin = client.admin();
      long offset = Session.await(admin.listOffsets(Map.of(wanted, before))).get(wanted).offset();
      long start = delete(admin, wanted, offset);
      session.print(
          JsonDocuments.of("name", name, "partition", partition, "logStartOffset", start),
          () ->
              session
                  .terminal()
                  .println("the first record of " + wanted + " is now at offset " + start));
    }
  }

  private static long delete(Admin admin, TopicPartition partition, long before) {
    try {
      return Session.await(admin.deleteRecords(Map.of(partition, before))).get(partition);
    } catch (TailraceException e) {
      if (e.code() != ErrorCode.OFFSET_OUT_OF_RANGE) {
        throw e;
      }
      throw CommandException.refused(
          "--before: " + e.getMessage() + "; latest deletes all records that there are", e);
    }
  }
}

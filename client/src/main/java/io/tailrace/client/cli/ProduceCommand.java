package io.tailrace.client.cli;

import io.tailrace.client.Acks;
import io.tailrace.client.Message;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordHeader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tailrace produce}: sends one record per line of the input. */
@Command(
    name = "produce",
    description = "Sends one record per line of standard input.",
    footer = {
      "",
      "The exit code is 0 only if every record was acknowledged.",
      "",
      "Examples:",
      "  echo hello | tailrace produce greetings",
      "  tailrace produce orders --key-separator : --file orders.txt --header source=import",
      "  tailrace consume orders --json | tailrace produce orders-copy --input json"
    })
final class ProduceCommand implements Runnable {
  private static final int MAX_LINE_BYTES = 64 << 20;

  private final Session session;

  @Parameters(
      paramLabel = "TOPIC",
      description = "Where the records go; a work queue's name will do.")
  private String topic;

  @Option(
      names = "--key-separator",
      paramLabel = "CHAR",
      description = "What stands between key and value in each line; \\t is a tab.")
  private String keySeparator;

  @Option(names = "--key", paramLabel = "KEY", description = "The key of every record.")
  private String key;

  @Option(
      names = "--header",
      paramLabel = "NAME=VALUE",
      description = "A header of every record; may be repeated.")
  private List<String> headers = new ArrayList<>();

  @Option(
      names = "--partition",
      paramLabel = "N",
      description = "Send to this partition, whatever the keys are.")
  private Integer partition;

  @Option(
      names = "--acks",
      paramLabel = "0|1|all",
      completionCandidates = Candidates.AcksNames.class,
      description = "What acknowledged means: sent, the leader has it, all in-sync replicas do.")
  private Acks acks = Acks.ALL;

  @Option(
      names = "--compression",
      paramLabel = "TYPE",
      completionCandidates = Candidates.CompressionNames.class,
      description = "none, gzip, snappy, lz4 (unless given) or zstd.")
  private CompressionType compression = CompressionType.LZ4;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description = "Read from here instead of standard input.")
  private Path file;

  @Option(
      names = "--null",
      paramLabel = "MARK",
      description =
          "A key or value that is exactly this is sent as null; such a value is a tombstone.")
  private String nullMark;

  @Option(
      names = "--timestamp",
      paramLabel = "TIME",
      description = "The timestamp of every record; the time of sending unless given.")
  private Position timestamp;

  @Option(
      names = "--input",
      paramLabel = "lines|json",
      completionCandidates = Candidates.InputNames.class,
      description =
          "json: each line is a record as consume --json prints it, with key, value, headers and"
              + " timestamp.")
  private Input input = Input.LINES;

  @Option(
      names = "--keep-partitions",
      description = "With --input json, send each record to the partition that it names.")
  private boolean keepPartitions;

  /** The format of the input lines. */
  enum Input {
    LINES,
    JSON;

    static Input parse(String text) {
      return switch (text) {
        case "lines" -> LINES;
        case "json" -> JSON;
        default -> throw new IllegalArgumentException("'" + text + "' is not lines or json");
      };
    }
  }

  ProduceCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    if (key != null && keySeparator != null) {
      throw CommandException.badInput("--key: cannot be together with --key-separator");
    }
    if (keySeparator != null && keySeparator.isEmpty()) {
      throw CommandException.badInput("--key-separator: is empty");
    }
    if (partition != null && partition < 0) {
      throw CommandException.badInput("--partition: " + partition + " is negative");
    }
    if (timestamp != null && !(timestamp instanceof Position.At)) {
      throw CommandException.badInput(
          "--timestamp: is not a time; write for instance 2026-11-01T08:30, now or 1793520000000");
    }
    checkInput();
    Acknowledgements acknowledgements = new Acknowledgements();
    session.whenInterrupted(acknowledgements::interruptedSummary);
    try (InputStream in = open();
        TailraceClient client = session.connect()) {
      topic = session.requireTopicOrInbox(client, topic);
      send(client, in, acknowledgements);
    } catch (IOException e) {
      throw CommandException.badInput(
          (file == null ? "standard input" : "--file " + file)
              + " cannot be read: "
              + e.getMessage()
              + "; "
              + acknowledgements.summary(),
          e);
    } catch (CommandException e) {
      throw acknowledgements.sent() == 0 ? e : e.andThen(acknowledgements.summary());
    } catch (TailraceException e) {
      if (acknowledgements.sent() == 0) {
        throw e;
      }
      throw CommandException.refused(ErrorReport.explain(e), e).andThen(acknowledgements.summary());
    } finally {
      session.whenInterrupted(null);
    }
    acknowledgements.throwIfAnyFailed();
    if (session.json()) {
      session.terminal().println(Json.document(acknowledgements.document()));
      session.terminal().flush();
    } else if (session.terminal().progressBars()) {
      session.terminal().err().println(acknowledgements.summary());
    }
  }

  private void checkInput() {
    if (input == Input.JSON) {
      for (String flag :
          new String[] {
            key == null ? null : "--key",
            keySeparator == null ? null : "--key-separator",
            nullMark == null ? null : "--null"
          }) {
        if (flag != null) {
          throw CommandException.badInput(
              flag + ": cannot be together with --input json; the documents say it");
        }
      }
    } else if (keepPartitions) {
      throw CommandException.badInput("--keep-partitions: needs --input json");
    }
    if (keepPartitions && partition != null) {
      throw CommandException.badInput(
          "--keep-partitions: cannot be together with --partition; leave one out");
    }
  }

  private InputStream open() throws IOException {
    if (file == null) {
      return session.terminal().in();
    }
    try {
      return Files.newInputStream(file);
    } catch (NoSuchFileException e) {
      throw CommandException.badInput("--file " + file + ": there is no such file", e);
    }
  }

  private void send(TailraceClient client, InputStream in, Acknowledgements acknowledgements)
      throws IOException {
    try (Producer<byte[], byte[]> producer =
        session
            .producer(client, topic, Session.DEFAULT_BATCH_BYTES)
            .acks(acks)
            .compression(compression)
            .build()) {
      try {
        sendAll(
            source(in),
            producer,
            recordHeaders(),
            Session.maxMessageBytes(client, topic),
            acknowledgements);
      } finally {
        producer.flush();
      }
    }
  }

  private void sendAll(
      MessageSource source,
      Producer<byte[], byte[]> producer,
      List<RecordHeader> more,
      int maxMessageBytes,
      Acknowledgements acknowledgements)
      throws IOException {
    for (Message<byte[], byte[]> message = source.next();
        message != null && !acknowledgements.anyFailed();
        message = source.next()) {
      if (!more.isEmpty()) {
        List<RecordHeader> all = new ArrayList<>(message.headers());
        all.addAll(more);
        message = message.headers(all);
      }
      if (partition != null) {
        message = message.partition(partition);
      }
      if (timestamp instanceof Position.At at) {
        message = message.timestamp(at.time());
      }
      acknowledgements.onSend();
      checkSize(message, maxMessageBytes, acknowledgements.sent());
      producer.send(message, acknowledgements);
    }
  }

  /**
   * The producer's own error names a setting of the library that the command line does not have.
   */
  private void checkSize(Message<byte[], byte[]> message, int maxMessageBytes, long number) {
    long bytes = length(message.key()) + length(message.value());
    if (bytes > Session.largestRecord(maxMessageBytes)) {
      throw CommandException.refused(
          "record "
              + number
              + " has "
              + Quantities.count(bytes)
              + " bytes, topic '"
              + topic
              + "' takes "
              + Quantities.count(maxMessageBytes)
              + " in a batch; tailrace config set topic "
              + topic
              + " max.message.bytes="
              + ((bytes >> 20) + 1)
              + "MiB changes that");
    }
  }

  private static long length(byte[] bytes) {
    return bytes == null ? 0 : bytes.length;
  }

  private MessageSource source(InputStream in) {
    LineReader lines = new LineReader(in, MAX_LINE_BYTES);
    return input == Input.JSON
        ? new JsonMessages(lines, topic, keepPartitions)
        : new LineMessages(lines, topic, keySeparator, key, nullMark);
  }

  /** A name may come more than once. */
  private List<RecordHeader> recordHeaders() {
    List<RecordHeader> recordHeaders = new ArrayList<>();
    for (String header : headers) {
      KeyValues.parse("--header", List.of(header))
          .forEach((name, value) -> recordHeaders.add(RecordHeader.of(name, value)));
    }
    return recordHeaders;
  }
}

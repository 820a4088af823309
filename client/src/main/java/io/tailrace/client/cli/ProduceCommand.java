package io.tailrace.client.cli;

import io.tailrace.client.Acks;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.TailraceClient;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordHeader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
      "  tailrace produce orders --key-separator : --file orders.txt --header source=import"
    })
final class ProduceCommand implements Runnable {
  private static final int MAX_LINE_BYTES = 64 << 20;

  private final Session session;

  @Parameters(paramLabel = "TOPIC", description = "Where the records go.")
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
    Acknowledgements acknowledgements = new Acknowledgements();
    try (InputStream in = open();
        TailraceClient client = session.connect(topic)) {
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
    }
    acknowledgements.throwIfAnyFailed();
    if (session.json()) {
      session.terminal().println(Json.document(acknowledgements.document()));
      session.terminal().flush();
    } else if (session.terminal().progressBars()) {
      session.terminal().err().println(acknowledgements.summary());
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
        sendLines(new LineReader(in, MAX_LINE_BYTES), producer, acknowledgements);
      } finally {
        producer.flush();
      }
    }
  }

  private void sendLines(
      LineReader lines, Producer<byte[], byte[]> producer, Acknowledgements acknowledgements)
      throws IOException {
    byte[] separator =
        keySeparator == null
            ? null
            : keySeparator.replace("\\t", "\t").getBytes(StandardCharsets.UTF_8);
    byte[] fixedKey = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
    List<RecordHeader> recordHeaders = new ArrayList<>();
    for (String header : headers) { // a name may come more than once
      KeyValues.parse("--header", List.of(header))
          .forEach((name, value) -> recordHeaders.add(RecordHeader.of(name, value)));
    }
    boolean plain = partition == null && recordHeaders.isEmpty();
    byte[] line = lines.next();
    while (line != null && !acknowledgements.anyFailed()) {
      byte[] recordKey = fixedKey;
      byte[] value = line;
      if (separator != null) {
        int at = indexOf(line, separator);
        if (at < 0) {
          throw CommandException.badInput(
              "--key-separator: line " + lines.lineNumber() + " has no '" + keySeparator + "'");
        }
        recordKey = Arrays.copyOf(line, at);
        value = Arrays.copyOfRange(line, at + separator.length, line.length);
      }
      acknowledgements.onSend();
      if (plain) {
        producer.send(topic, recordKey, value, acknowledgements);
      } else {
        Message<byte[], byte[]> message =
            Message.of(topic, recordKey, value).headers(recordHeaders);
        producer.send(partition == null ? message : message.partition(partition), acknowledgements);
      }
      line = lines.next();
    }
  }

  private static int indexOf(byte[] line, byte[] separator) {
    for (int i = 0; i <= line.length - separator.length; i++) {
      if (Arrays.equals(line, i, i + separator.length, separator, 0, separator.length)) {
        return i;
      }
    }
    return -1;
  }
}

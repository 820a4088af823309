package io.tailrace.client.cli;

import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.TailraceClient;
import io.tailrace.protocol.record.DeliverAfter;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.RoutingKey;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tailrace publish}: sends one message per line of the input to an exchange. */
@Command(
    name = "publish",
    description = "Publishes one message per line of standard input to an exchange.",
    footer = {
      "",
      "The exit code is 0 only if every message was acknowledged.",
      "",
      "Example:",
      "  echo hello | tailrace publish orders --routing-key eu.new"
    })
final class PublishCommand implements Runnable {
  private static final int MAX_LINE_BYTES = 64 << 20;

  private final Session session;

  @Parameters(paramLabel = "EXCHANGE", description = "Where the messages go.")
  private String exchange;

  @Option(
      names = {"--routing-key", "--key"},
      required = true,
      paramLabel = "KEY",
      description = "What the bindings of queues are matched against.")
  private String routingKey;

  @Option(
      names = "--header",
      paramLabel = "NAME=VALUE",
      description = "A header of every message; may be repeated.")
  private List<String> headers = new ArrayList<>();

  @Option(
      names = "--deliver-after",
      paramLabel = "TIME",
      description = "Queues hold every message back so long.")
  private Duration deliverAfter;

  PublishCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    List<RecordHeader> all = new ArrayList<>();
    all.add(RecordHeader.of(RoutingKey.HEADER, routingKey));
    for (String header : headers) {
      KeyValues.parse("--header", List.of(header))
          .forEach((name, value) -> all.add(RecordHeader.of(name, value)));
    }
    if (deliverAfter != null) {
      all.add(RecordHeader.of(DeliverAfter.HEADER, Long.toString(deliverAfter.toMillis())));
    }
    Acknowledgements acknowledgements = new Acknowledgements();
    session.whenInterrupted(acknowledgements::interruptedSummary);
    try (TailraceClient client = session.connect(exchange);
        Producer<byte[], byte[]> producer =
            session.producer(client, exchange, Session.DEFAULT_BATCH_BYTES).build()) {
      LineReader lines = new LineReader(session.terminal().in(), MAX_LINE_BYTES);
      for (byte[] line = lines.next();
          line != null && !acknowledgements.anyFailed();
          line = lines.next()) {
        acknowledgements.onSend();
        producer.send(
            Message.<byte[], byte[]>of(exchange, null, line).headers(all), acknowledgements);
      }
      producer.flush();
    } catch (IOException e) {
      throw CommandException.badInput("standard input cannot be read: " + e.getMessage(), e)
          .andThen(acknowledgements.summary());
    } finally {
      session.whenInterrupted(null);
    }
    acknowledgements.throwIfAnyFailed();
    if (session.json()) {
      session.terminal().println(Json.document(acknowledgements.document()));
      session.terminal().flush();
    }
  }
}

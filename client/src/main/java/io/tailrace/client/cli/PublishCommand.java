package io.tailrace.client.cli;

import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.DeliverAfter;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.RoutingKey;
import io.tailrace.protocol.record.TimeToLive;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListSet;
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

  /** Of so many messages it is awaited whether queues match them, before others are sent. */
  private static final int MANDATORY_AT_ONCE = 10_000;

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
      names = "--mandatory",
      description = "Fail when a message is matched by no queue; it is stored all the same.")
  private boolean mandatory;

  @Option(
      names = "--deliver-after",
      paramLabel = "TIME",
      description = "Queues hold every message back so long.")
  private Duration deliverAfter;

  @Option(
      names = "--ttl",
      paramLabel = "TIME",
      description = "Every message becomes a dead letter when it waits for so long in a queue.")
  private Duration ttl;

  private final List<CompletableFuture<Void>> published = new ArrayList<>();

  /** The lines that no queue matches. Added to on the client's thread. */
  private final NavigableSet<Long> unrouted = new ConcurrentSkipListSet<>();

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
    if (ttl != null) {
      if (ttl.toMillis() < 1) {
        throw CommandException.badInput("--ttl: must be longer than 0");
      }
      all.add(RecordHeader.of(TimeToLive.HEADER, Long.toString(ttl.toMillis())));
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
        send(
            producer,
            Message.<byte[], byte[]>of(exchange, null, line).headers(all),
            acknowledgements);
      }
      producer.flush();
      awaitRouting();
    } catch (IOException e) {
      throw CommandException.badInput("standard input cannot be read: " + e.getMessage(), e)
          .andThen(acknowledgements.summary());
    } finally {
      session.whenInterrupted(null);
    }
    acknowledgements.throwIfAnyFailed();
    if (session.json()) {
      Map<String, Object> document = new LinkedHashMap<>(acknowledgements.document());
      if (mandatory) {
        document.put("unrouted", unrouted);
      }
      session.terminal().println(Json.document(document));
      session.terminal().flush();
    }
    if (!unrouted.isEmpty()) {
      throw CommandException.refused(
          "no queue matches "
              + Quantities.counted(unrouted.size(), "message")
              + " with the routing key '"
              + routingKey
              + "', the first of them line "
              + unrouted.first()
              + "; the exchange has stored "
              + (unrouted.size() == 1 ? "it" : "them"));
    }
  }

  private void send(
      Producer<byte[], byte[]> producer,
      Message<byte[], byte[]> message,
      Acknowledgements acknowledgements) {
    if (!mandatory) {
      producer.send(message, acknowledgements);
      return;
    }
    long line = acknowledgements.sent();
    published.add(
        producer
            .sendMandatory(message)
            .handle(
                (done, error) -> {
                  acknowledgements.onCompletion(
                      done == null ? null : done.metadata(), error == null ? null : known(error));
                  if (done != null && !done.routed()) {
                    unrouted.add(line);
                  }
                  return null;
                }));
    if (published.size() == MANDATORY_AT_ONCE) {
      producer.flush();
      awaitRouting();
    }
  }

  private static TailraceException known(Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    return cause instanceof TailraceException known
        ? known
        : new TailraceException(ErrorCode.UNKNOWN, cause.toString(), cause);
  }

  private void awaitRouting() {
    CompletableFuture.allOf(published.toArray(CompletableFuture<?>[]::new)).join();
    published.clear();
  }
}

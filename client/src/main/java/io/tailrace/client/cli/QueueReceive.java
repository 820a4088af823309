package io.tailrace.client.cli;

import io.tailrace.client.QueueConsumer;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.TailraceClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tailrace queue receive}: prints messages of a queue and answers them. */
@Command(
    name = "receive",
    description = "Prints messages of a queue, and answers them.",
    footer = {
      "",
      "auto prints, then acknowledges; none gives them back at the end.",
      "",
      "Example:",
      "  tailrace queue receive mails --max 10 --wait 5s"
    })
final class QueueReceive implements Runnable {
  private static final int AT_ONCE = 500;

  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The queue.")
  private String name;

  @Option(names = "--max", paramLabel = "N", description = "How many at most.")
  private Integer max;

  @Option(
      names = "--wait",
      paramLabel = "TIME",
      description = "Ends when no message came for so long; 1s unless given.")
  private Duration wait = Duration.ofSeconds(1);

  @Option(
      names = "--ack",
      paramLabel = "auto|none|nack|reject",
      description = "How each message is answered; auto unless given.")
  private String ack = "auto";

  @Option(
      names = "--hold",
      paramLabel = "TIME",
      description = "Keep the messages that long before the answer.")
  private Duration hold;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "As in consume; '%v\\n' unless given.")
  private RecordFormat format = RecordFormat.parse(RecordFormat.DEFAULT);

  QueueReceive(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    if (max != null && max < 1) {
      throw CommandException.badInput("--max: " + max + " is not at least 1");
    }
    if (!List.of("auto", "none", "nack", "reject").contains(ack)) {
      throw CommandException.badInput("--ack: '" + ack + "' is not auto, none, nack or reject");
    }
    int left = max == null ? Integer.MAX_VALUE : max;
    try (TailraceClient client = session.connect();
        QueueConsumer<byte[], byte[]> consumer =
            client.queueConsumer(name, (topic, data) -> data, (topic, data) -> data)) {
      while (left > 0) {
        List<ReceivedMessage<byte[], byte[]>> messages =
            consumer.receive(Math.min(left, AT_ONCE), wait);
        if (messages.isEmpty()) {
          break;
        }
        left -= messages.size();
        messages.forEach(this::print);
        session.terminal().flush();
        if (hold != null) {
          LockSupport.parkNanos(hold.toNanos());
        }
        answer(consumer, messages);
      }
    }
  }

  private void print(ReceivedMessage<byte[], byte[]> message) {
    if (session.json()) {
      Map<String, Object> document = JsonDocuments.record(message.record());
      document.put("delivery", message.delivery());
      document.put("failures", message.failures());
      session.terminal().println(Json.document(document));
    } else {
      format.write(message.record(), session.terminal());
    }
  }

  private void answer(
      QueueConsumer<byte[], byte[]> consumer, List<ReceivedMessage<byte[], byte[]>> messages) {
    List<CompletableFuture<Void>> answers = new ArrayList<>();
    for (ReceivedMessage<byte[], byte[]> message : messages) {
      switch (ack) {
        case "auto" -> answers.add(consumer.ack(message));
        case "nack" -> answers.add(consumer.nack(message, ""));
        case "reject" -> answers.add(consumer.reject(message, ""));
        default -> {
          // given back when the consumer closes
        }
      }
    }
    answers.forEach(Session::await);
  }
}

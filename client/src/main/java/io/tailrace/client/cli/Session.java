package io.tailrace.client.cli;

import io.tailrace.client.ConfigResource;
import io.tailrace.client.Position;
import io.tailrace.client.ProducerBuilder;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * The state that the verbs of one call of the command line share: inputs and outputs, and the flags
 * that every verb takes. Confined to the thread of the command.
 */
final class Session {
  static final String DEFAULT_BOOTSTRAP = "localhost:7092";
  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
  static final int DEFAULT_BATCH_BYTES = 16 << 10;

  private static final String MAX_MESSAGE_BYTES = "max.message.bytes";
  private static final int DEFAULT_REQUEST_BYTES = 1 << 20;
  private static final long DEFAULT_BUFFER_BYTES = 32L << 20;

  private static final Duration TOPIC_SPREADS_WITHIN = Duration.ofSeconds(1);
  private static final Duration TOPIC_RETRY = Duration.ofMillis(50);

  private final Terminal terminal;
  private final Clock clock;
  private final Supplier<ZoneId> zone;
  private final Map<String, String> environment;

  private String bootstrap;
  private Duration timeout = DEFAULT_TIMEOUT;
  private boolean json;
  private boolean debug;
  private volatile Supplier<String> interrupted;

  /**
   * Begins a call.
   *
   * @param zone the one in which people write times; asked for only when it matters, because its
   *     rules take long to load
   */
  Session(Terminal terminal, Clock clock, Supplier<ZoneId> zone, Map<String, String> environment) {
    this.terminal = terminal;
    this.clock = clock;
    this.zone = zone;
    this.environment = environment;
  }

  /**
   * What to say on standard error when a signal ends the process, as Ctrl-C does; null = nothing.
   * The supplier is called by another thread.
   */
  void whenInterrupted(Supplier<String> summary) {
    interrupted = summary;
  }

  /** To be called by a shutdown hook. */
  void tellInterrupted() {
    Supplier<String> summary = interrupted;
    if (summary != null) {
      terminal.err().println("tailrace: interrupted; " + summary.get());
    }
  }

  Terminal terminal() {
    return terminal;
  }

  Clock clock() {
    return clock;
  }

  /**
   * Reads a position.
   *
   * @throws IllegalArgumentException with what is wrong
   */
  Position position(String text) {
    return PositionText.parse(text, clock.instant(), zone);
  }

  /** Reads a point in time as people type it; null when the text is none. */
  Instant time(String text) {
    return TimeText.instant(text, clock.instant(), zone);
  }

  Map<String, String> environment() {
    return environment;
  }

  void setBootstrap(String bootstrap) {
    this.bootstrap = bootstrap;
  }

  /** How long a broker may take to answer. */
  Duration timeout() {
    return timeout;
  }

  void setTimeout(Duration timeout) {
    this.timeout = timeout;
  }

  /** Whether a program reads the output. */
  boolean json() {
    return json;
  }

  void setJson(boolean json) {
    this.json = json;
  }

  /** Whether errors are printed with their stack traces. */
  boolean debug() {
    return debug;
  }

  void setDebug(boolean debug) {
    this.debug = debug;
  }

  /** {@code --bootstrap}, {@code TAILRACE_BOOTSTRAP}, or a broker on this machine. */
  String bootstrap() {
    if (bootstrap != null) {
      return bootstrap;
    }
    String fromEnvironment = environment.getOrDefault("TAILRACE_BOOTSTRAP", "");
    return fromEnvironment.isBlank() ? DEFAULT_BOOTSTRAP : fromEnvironment.strip();
  }

  /** Connects to the cluster; the caller closes the client. */
  TailraceClient connect() {
    try {
      return TailraceClient.builder()
          .bootstrap(bootstrap())
          .clientId("tailrace-cli")
          .connectTimeout(timeout)
          .requestTimeout(timeout)
          .connect();
    } catch (IllegalArgumentException e) {
      throw CommandException.badInput("--bootstrap: " + e.getMessage(), e);
    } catch (TailraceException e) {
      if (e.code() == ErrorCode.BROKER_NOT_AVAILABLE) {
        throw CommandException.refused(
            e.getMessage()
                + "; start one with bin/broker start -d, or name another with --bootstrap",
            e);
      }
      throw e;
    }
  }

  /** Connects to the cluster, and fails when it has no such topic. */
  TailraceClient connect(String topic) {
    TailraceClient client = connect();
    try {
      requireTopic(client, topic);
      return client;
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
  }

  /**
   * Fails when there is no such topic. Waits a little: it may have been made at another broker a
   * moment ago. Without this, readers and writers would wait for it as long as the timeout.
   */
  private void requireTopic(TailraceClient client, String topic) {
    long giveUpNanos =
        System.nanoTime() + Math.min(timeout.toNanos(), TOPIC_SPREADS_WITHIN.toNanos());
    while (true) {
      try {
        await(client.admin().describeTopic(topic));
        return;
      } catch (TailraceException e) {
        if (e.code() != ErrorCode.UNKNOWN_TOPIC || System.nanoTime() >= giveUpNanos) {
          throw e;
        }
        LockSupport.parkNanos(TOPIC_RETRY.toNanos());
      }
    }
  }

  /**
   * As {@link #connect(String)} does, but takes the name of a queue too, where there is no such
   * topic: the records go to the queue's own topic, which is made when it is first used.
   *
   * @return the topic
   */
  String requireTopicOrInbox(TailraceClient client, String name) {
    try {
      requireTopic(client, name);
      return name;
    } catch (TailraceException e) {
      String inbox = name + ".inbox";
      if (e.code() == ErrorCode.UNKNOWN_TOPIC && isQueue(client, name)) {
        await(client.admin().bindQueue(name, inbox, List.of("")));
        return inbox;
      }
      throw e;
    }
  }

  private static boolean isQueue(TailraceClient client, String name) {
    return await(client.admin().listQueues()).stream().anyMatch(queue -> queue.name().equals(name));
  }

  /**
   * A producer for a topic, with the bounds of a command: batches and records are as large as the
   * topic takes, and every record is settled within the timeout.
   *
   * @param batchBytes at which a batch is full, if the topic takes as much
   */
  ProducerBuilder<byte[], byte[]> producer(TailraceClient client, String topic, int batchBytes) {
    int largest = maxMessageBytes(client, topic);
    int requestBytes = Math.max(batchBytes, largestRecord(largest));
    return client
        .<byte[], byte[]>producerBuilder(Serdes.bytes(), Serdes.bytes())
        .batchBytes(Math.min(batchBytes, largest))
        .maxRequestBytes(requestBytes)
        .bufferMemory(Math.max(DEFAULT_BUFFER_BYTES, 2L * requestBytes))
        .deliveryTimeout(timeout)
        .maxBlock(timeout);
  }

  /**
   * The bytes that a record may have before compression.
   *
   * @param maxMessageBytes the topic's limit for compressed batches
   */
  static int largestRecord(int maxMessageBytes) {
    return Math.max(DEFAULT_REQUEST_BYTES, maxMessageBytes);
  }

  /** The bytes that a batch of the topic may have. */
  static int maxMessageBytes(TailraceClient client, String topic) {
    return await(client.admin().describeConfigs(ConfigResource.topic(topic))).stream()
        .filter(setting -> setting.name().equals(MAX_MESSAGE_BYTES))
        .mapToInt(setting -> Integer.parseInt(setting.value()))
        .findFirst()
        .orElse(DEFAULT_REQUEST_BYTES);
  }

  /** Waits for the answer, which comes within the timeout. */
  static <T> T await(CompletableFuture<T> answer) {
    try {
      return answer.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof TailraceException known) {
        throw known;
      }
      throw e;
    }
  }

  /** Prints a document for programs, or what {@code people} prints. */
  void print(Object document, Runnable people) {
    if (json) {
      terminal.println(Json.document(document));
    } else {
      people.run();
    }
    terminal.flush();
  }
}

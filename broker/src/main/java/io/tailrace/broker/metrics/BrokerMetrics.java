package io.tailrace.broker.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tailrace.broker.delivery.QueueReport;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Every meter of a broker, by Micrometer. Thread-safe. */
public final class BrokerMetrics implements RequestMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(BrokerMetrics.class);

  /** More topics than this share meters, so that a page of metrics stays readable. */
  private static final int TOPICS_WITH_METERS = 500;

  private static final int QUEUES_WITH_METERS = 500;
  private static final int GROUPS_WITH_METERS = 500;
  private static final long QUEUES_WAIT_MS = 2_000;

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<ApiKey, Timer> latencies = new EnumMap<>(ApiKey.class);

  /** Made when the first request of an api comes: most brokers have none. */
  private final Map<String, Timer> kafkaLatencies = new ConcurrentHashMap<>();

  private final Map<ErrorCode, Counter> errors = new ConcurrentHashMap<>();
  private final LogMetrics logs = new LogMetrics(registry, TOPICS_WITH_METERS);

  /** The registry alone would not keep them, and count nothing once they are collected. */
  private final Queue<DoubleSupplier> counted = new ConcurrentLinkedQueue<>();

  private final QueueMetrics queues = new QueueMetrics(registry, QUEUES_WITH_METERS);
  private final GroupMetrics groups = new GroupMetrics(registry, GROUPS_WITH_METERS);
  private volatile Supplier<CompletableFuture<List<QueueReport>>> queueReports =
      () -> CompletableFuture.completedFuture(List.of());
  private final LongAdder bytesIn = new LongAdder();
  private final LongAdder bytesOut = new LongAdder();

  public BrokerMetrics() {
    for (ApiKey api : ApiKey.values()) {
      latencies.put(
          api,
          timer(
              "tailrace.request.duration",
              "From the last byte of a request to its answer",
              api.name()));
    }
    counter("tailrace.request.bytes", "Bytes of requests, all apis", bytesIn::sum);
    counter("tailrace.response.bytes", "Bytes of responses, all apis", bytesOut::sum);
  }

  private Timer timer(String name, String description, String api) {
    return Timer.builder(name)
        .description(description)
        .tag("api", api)
        .serviceLevelObjectives(
            Duration.ofNanos(100_000),
            Duration.ofNanos(250_000),
            Duration.ofNanos(500_000),
            Duration.ofMillis(1),
            Duration.ofNanos(2_500_000),
            Duration.ofMillis(5),
            Duration.ofMillis(10),
            Duration.ofMillis(25),
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5))
        .register(registry);
  }

  /**
   * Adds what every JVM has. Costs some class loading, so that a starting broker leaves it for
   * later.
   */
  public void addJvm() {
    new ClassLoaderMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
  }

  /** Adds something that only grows. The supplier is called from any thread. */
  public void counter(String name, String description, DoubleSupplier value, String... tags) {
    counted.add(value);
    FunctionCounter.builder(name, value, DoubleSupplier::getAsDouble)
        .description(description)
        .tags(Tags.of(tags))
        .register(registry);
  }

  /** Adds something that grows and shrinks. The supplier is called from any thread. */
  public void gauge(String name, String description, DoubleSupplier value, String... tags) {
    Gauge.builder(name, value, DoubleSupplier::getAsDouble)
        .description(description)
        .tags(Tags.of(tags))
        .strongReference(true)
        .register(registry);
  }

  @Override
  public void onAnswered(ApiKey api, long tookNanos, int requestBytes, int responseBytes) {
    bytesIn.add(requestBytes);
    bytesOut.add(responseBytes);
    if (api != null) {
      latencies.get(api).record(tookNanos, TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void onKafkaAnswered(String api, long tookNanos, int requestBytes, int responseBytes) {
    bytesIn.add(requestBytes);
    bytesOut.add(responseBytes);
    kafkaLatencies
        .computeIfAbsent(
            api,
            name ->
                timer(
                    "tailrace.kafka.request.duration",
                    "From the last byte of a request of Kafka's protocol to its answer",
                    name))
        .record(tookNanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void onFailed(ErrorCode code) {
    errors
        .computeIfAbsent(
            code,
            each ->
                Counter.builder("tailrace.request.errors")
                    .description(
                        "Requests, and parts of them about one partition or topic, that were"
                            + " refused")
                    .tag("error", each.name())
                    .register(registry))
        .increment();
  }

  /** What logs hold. */
  public LogMetrics logs() {
    return logs;
  }

  /** How far groups are behind. */
  public GroupMetrics groups() {
    return groups;
  }

  /** Says where to ask what queues hold. */
  public void readQueuesFrom(Supplier<CompletableFuture<List<QueueReport>>> reports) {
    queueReports = reports;
  }

  /**
   * Asks the partitions' threads what queues hold, and waits for that a little; without an answer
   * the figures stay as they were.
   *
   * @param nowMs milliseconds since 1970
   */
  public void updateQueues(long nowMs) {
    try {
      queues.update(queueReports.get().get(QUEUES_WAIT_MS, TimeUnit.MILLISECONDS), nowMs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("what queues hold could not be found out: {}", e.toString());
    }
  }

  /** All of it in Prometheus' text format. */
  public String scrape() {
    return registry.scrape();
  }
}

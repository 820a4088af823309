package io.tailrace.client;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows a client's figures in a Micrometer registry, for as long as the client is open. The only
 * class that knows Micrometer, so that those who do without it never load it. The meters read what
 * a client counts anyway, when they are asked. Thread-safe.
 *
 * <pre>{@code
 * TailraceClient.builder().metrics(ClientMetrics.to(registry)).connect()
 * }</pre>
 */
public final class ClientMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(ClientMetrics.class);

  private static final String SENT = "tailrace.client.records.sent";

  private final MeterRegistry registry;
  private final Map<TailraceClient, List<Meter>> bound = new HashMap<>();

  private ClientMetrics(MeterRegistry registry) {
    this.registry = Objects.requireNonNull(registry, "registry");
  }

  /**
   * Meters in this registry, with the tag {@code client}, whose value is the {@linkplain
   * TailraceClient.Builder#clientId client id}. Clients that share a registry need ids of their
   * own: of a second one with the same id nothing is shown.
   */
  public static ClientMetrics to(MeterRegistry registry) {
    return new ClientMetrics(registry);
  }

  synchronized void bind(TailraceClient client, String clientId) {
    Tags tags = Tags.of("client", clientId);
    if (registry.find(SENT).tags(tags).meter() != null) {
      LOG.warn("there are metrics of a client '{}' already: give each its own clientId", clientId);
      return;
    }
    bound.put(
        client,
        List.of(
            counter(client, tags, SENT, "Went out", each -> each.counters().recordsSent.sum()),
            counter(
                client,
                tags,
                "tailrace.client.records.acknowledged",
                "Are acknowledged, as acks asks",
                each -> each.counters().recordsAcknowledged.sum()),
            counter(
                client,
                tags,
                "tailrace.client.records.failed",
                "Failed for good, or were refused by send",
                each -> each.counters().recordsFailed.sum()),
            counter(
                client,
                tags,
                "tailrace.client.records.consumed",
                "Returned by polls",
                each -> each.counters().recordsConsumed.sum()),
            gauge(
                client,
                tags,
                "tailrace.client.consumer.lag",
                "Records that polls have not returned, as of the last fetch",
                TailraceClient::consumerLag),
            gauge(
                client,
                tags,
                "tailrace.client.producer.memory",
                "Bytes of bufferMemory in use, of all producers",
                TailraceClient::producerBytes),
            gauge(
                client,
                tags,
                "tailrace.client.connections",
                "Open now",
                each -> each.counters().connections.sum()),
            counter(
                client,
                tags,
                "tailrace.client.reconnects",
                "Attempts to make a connection again",
                each -> each.counters().reconnects.sum())));
  }

  private Meter counter(
      TailraceClient client,
      Tags tags,
      String name,
      String description,
      ToDoubleFunction<TailraceClient> value) {
    return FunctionCounter.builder(name, client, value)
        .description(description)
        .tags(tags)
        .register(registry);
  }

  private Meter gauge(
      TailraceClient client,
      Tags tags,
      String name,
      String description,
      ToDoubleFunction<TailraceClient> value) {
    return Gauge.builder(name, client, value)
        .description(description)
        .tags(tags)
        .register(registry);
  }

  synchronized void unbind(TailraceClient client) {
    List<Meter> meters = bound.remove(client);
    if (meters != null) {
      meters.forEach(registry::remove);
    }
  }
}

package io.tailrace.coordinator.cluster;

/**
 * Where a broker can be reached. A broker has one endpoint per protocol, each under a name.
 *
 * @param host as clients resolve it
 */
public record Endpoint(String host, int port) {
  /** The name of the endpoint that speaks this project's own protocol. */
  public static final String NATIVE = "native";

  /** The name of the endpoint that speaks Kafka's protocol. */
  public static final String KAFKA = "kafka";

  @Override
  public String toString() {
    return host + ":" + port;
  }
}

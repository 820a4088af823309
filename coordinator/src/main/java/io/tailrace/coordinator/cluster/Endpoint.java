package io.tailrace.coordinator.cluster;

/**
 * Where a broker can be reached. A broker has one endpoint per protocol, each under a name.
 *
 * @param host as clients resolve it
 */
public record Endpoint(String host, int port) {
  /** The name of the endpoint that speaks this project's own protocol. */
  public static final String NATIVE = "native";

  @Override
  public String toString() {
    return host + ":" + port;
  }
}

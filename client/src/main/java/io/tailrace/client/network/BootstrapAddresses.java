package io.tailrace.client.network;

import java.util.ArrayList;
import java.util.List;

/** Reads what people write as bootstrap: {@code host:port,host:port}, {@code [::1]:7092}. */
public final class BootstrapAddresses {
  private static final int DEFAULT_PORT = 7092;
  private static final int MAX_PORT = 65535;

  private BootstrapAddresses() {}

  /**
   * Reads a list of addresses; one without a port gets 7092.
   *
   * @throws IllegalArgumentException that quotes what is wrong
   */
  public static List<BrokerAddress> parse(String text) {
    List<BrokerAddress> addresses = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      if (!part.isBlank()) {
        addresses.add(parseOne(part.strip()));
      }
    }
    if (addresses.isEmpty()) {
      throw new IllegalArgumentException(
          "bootstrap '" + text + "' names no broker; write host:port, separated by commas");
    }
    return addresses;
  }

  private static BrokerAddress parseOne(String text) {
    if (text.contains("://")) {
      throw new IllegalArgumentException(
          "bootstrap '"
              + text
              + "' is a URL; write host:port, without "
              + text.substring(0, text.indexOf("://") + 3));
    }
    if (text.indexOf('/') >= 0 || text.chars().anyMatch(Character::isWhitespace)) {
      throw new IllegalArgumentException("bootstrap '" + text + "' is no address: host:port");
    }
    int colon = text.lastIndexOf(':');
    boolean bareIpv6 = colon >= 0 && text.indexOf(':') != colon && text.charAt(0) != '[';
    if (colon < 0 || bareIpv6 || text.endsWith("]")) {
      return BrokerAddress.bootstrap(host(text, text), DEFAULT_PORT);
    }
    int port;
    try {
      port = Integer.parseInt(text.substring(colon + 1));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("bootstrap '" + text + "' has no port: host:port", e);
    }
    if (port < 1 || port > MAX_PORT) {
      throw new IllegalArgumentException("bootstrap '" + text + "': port must be 1 to " + MAX_PORT);
    }
    return BrokerAddress.bootstrap(host(text.substring(0, colon), text), port);
  }

  private static String host(String host, String text) {
    String bare =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    if (bare.isEmpty()) {
      throw new IllegalArgumentException("bootstrap '" + text + "' has no host: host:port");
    }
    return bare;
  }
}

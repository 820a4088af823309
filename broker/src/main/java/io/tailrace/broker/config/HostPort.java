package io.tailrace.broker.config;

/**
 * An address to listen on or to connect to.
 *
 * @param host a name or an address, without the brackets of an IPv6 address
 * @param port 0 = any free port, of a listener
 */
public record HostPort(String host, int port) {

  /**
   * Reads {@code HOST:PORT} or {@code [IPv6]:PORT}.
   *
   * @throws IllegalArgumentException with the cause
   */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw new IllegalArgumentException("is not HOST:PORT");
    }
    String host = text.substring(0, colon).strip();
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      throw new IllegalArgumentException("is not HOST:PORT; write an IPv6 address in brackets");
    }
    if (host.isEmpty() || host.chars().anyMatch(c -> Character.isWhitespace(c) || c == '/')) {
      throw new IllegalArgumentException("is not HOST:PORT");
    }
    int port;
    try {
      port = Integer.parseInt(text.substring(colon + 1).strip());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("is not HOST:PORT with a number as the port", e);
    }
    if (port < 0 || port > 0xffff) {
      throw new IllegalArgumentException("has a port that is not from 0 to 65535");
    }
    return new HostPort(host, port);
  }

  /** Whether this stands for every address of the machine, so that clients cannot connect to it. */
  public boolean isWildcard() {
    return host.equals("0.0.0.0") || host.equals("::") || host.equals("*");
  }

  /** The same host with another port. */
  public HostPort withPort(int newPort) {
    return new HostPort(host, newPort);
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}

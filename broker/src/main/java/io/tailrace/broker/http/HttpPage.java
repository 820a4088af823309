package io.tailrace.broker.http;

/** The response for a path. */
public record HttpPage(int status, String contentType, String body) {

  public static HttpPage json(int status, String body) {
    return new HttpPage(status, "application/json; charset=utf-8", body);
  }

  public static HttpPage text(int status, String body) {
    return new HttpPage(status, "text/plain; charset=utf-8", body);
  }
}

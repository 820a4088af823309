package io.tailrace.broker.network;

import java.util.ArrayDeque;

/**
 * Keeps the responses of one connection in the order of its requests, for protocols whose clients
 * expect that: requests are worked on at the same time, and a response that is ready early waits
 * for those before it. The native protocol does not need it. Confined to the connection's loop.
 *
 * <p>Responses that wait count against the connection's requests in flight, which bounds them.
 */
final class ResponseOrder {
  private final ArrayDeque<Place> places = new ArrayDeque<>();
  private boolean writing;

  /** The place of one request's response among those of the connection. */
  static final class Place {
    private Runnable write;

    private Place() {}
  }

  /** Takes the next place; to be called for each request when it comes. */
  Place next() {
    Place place = new Place();
    places.add(place);
    return place;
  }

  /**
   * Writes a response as soon as all before it have been written, and with it those behind it that
   * have waited for it.
   *
   * @param write runs once; does nothing for a request that has no response
   */
  void fill(Place place, Runnable write) {
    if (place.write != null) {
      throw new IllegalStateException("the request has been answered already");
    }
    place.write = write;
    if (writing) {
      return; // a response that was made by writing another; the loop below goes on
    }
    writing = true;
    try {
      while (!places.isEmpty() && places.peek().write != null) {
        places.poll().write.run();
      }
    } finally {
      writing = false;
    }
  }

  /** Requests whose responses have not been written. */
  int waiting() {
    return places.size();
  }
}

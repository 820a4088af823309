package io.tailrace.client.network;

import io.tailrace.protocol.message.HandshakeRequest;

/** Adds to the handshake of a connection what its maker is, where that is more than a client. */
public interface Introduction {

  /** A client adds nothing. */
  Introduction CLIENT = handshake -> {};

  /** Called for each connection, on the network's thread. */
  void addTo(HandshakeRequest.Builder handshake);
}

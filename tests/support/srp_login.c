/* Cyrus SASL's client of SRP on standard input and output: srp_login SERVER USER PASSWORD.
 * Writes a response and reads a challenge, a line of base64 each, and says "done" when the server has proved itself. */
#include <sasl/sasl.h>
#include <sasl/saslutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *user, *password;

static int give_name(void *context, int id, const char **result, unsigned *size) {
  (void)context;
  (void)id;
  *result = user;
  if (size) *size = (unsigned)strlen(user);
  return SASL_OK;
}

static int give_password(sasl_conn_t *connection, void *context, int id, sasl_secret_t **result) {
  static sasl_secret_t *secret;
  (void)connection;
  (void)context;
  (void)id;
  if (!secret) {
    secret = malloc(sizeof *secret + strlen(password));
    secret->len = strlen(password);
    memcpy(secret->data, password, secret->len + 1);
  }
  *result = secret;
  return SASL_OK;
}

static void check(int status, sasl_conn_t *connection) {
  if (status == SASL_OK || status == SASL_CONTINUE) return;
  fprintf(stderr, "srp_login: %s\n", connection ? sasl_errdetail(connection) : sasl_errstring(status, NULL, NULL));
  exit(1);
}

static void say(const char *octets, unsigned size) {
  char line[16384];
  unsigned length = 0;
  check(sasl_encode64(octets, size, line, sizeof line, &length), NULL);
  printf("%.*s\n", (int)length, line);
  fflush(stdout);
}

int main(int argc, char **argv) {
  static const sasl_callback_t callbacks[] = {{SASL_CB_USER, (int (*)(void))give_name, NULL},
                                              {SASL_CB_AUTHNAME, (int (*)(void))give_name, NULL},
                                              {SASL_CB_PASS, (int (*)(void))give_password, NULL},
                                              {SASL_CB_LIST_END, NULL, NULL}};
  sasl_conn_t *connection = NULL;
  const char *response = NULL, *mechanism = NULL;
  char line[16384], challenge[16384];
  unsigned size = 0;
  int status;
  if (argc != 4) {
    fprintf(stderr, "usage: srp_login SERVER USER PASSWORD\n");
    return 2;
  }
  user = argv[2];
  password = argv[3];
  check(sasl_client_init(callbacks), NULL);
  check(sasl_client_new("smtp", argv[1], NULL, NULL, callbacks, 0, &connection), NULL);
  status = sasl_client_start(connection, "SRP", NULL, &response, &size, &mechanism);
  check(status, connection);
  say(response, size);
  while (status == SASL_CONTINUE) {
    if (!fgets(line, sizeof line, stdin)) return 1;
    check(sasl_decode64(line, (unsigned)strcspn(line, "\r\n"), challenge, sizeof challenge, &size), NULL);
    status = sasl_client_step(connection, challenge, size, NULL, &response, &size);
    check(status, connection);
    if (status == SASL_CONTINUE) say(response, size);
  }
  printf("done\n");
  return 0;
}

// oidc-provider, which is certified: strict about PKCE, and says `iss` in its answers.
import Provider from "oidc-provider";

const [port, ...redirects] = process.argv.slice(2);
const client = (id) => ({
  client_id: id,
  client_secret: `${id}-secret-kept-by-the-test`,
  redirect_uris: redirects,
  response_types: ["code"],
  grant_types: ["authorization_code"],
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client("core"), client("another")],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["given_name"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.org`,
      email_verified: true,
      given_name: "Ann",
    }),
  }),
  cookies: { keys: ["kept-by-the-test"] },
});
provider.listen(Number(port), "127.0.0.1");
